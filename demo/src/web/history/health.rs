//! How a tenant's connection is: what its latest sign-ins and its latest test say.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Administrator, Event, Failure, Filter, Ledgerline, Moment, history};
use crate::moment;
use crate::trials::{self, Outcome};
use crate::web::guard::Form;
use crate::web::settings;

const DAY: i64 = 24 * 60 * 60;
/// Days in the chart.
const DAYS: usize = 14;
/// The chart, in its own units.
const WIDTH: usize = 560;
const HEIGHT: usize = 120;
const STEP: usize = WIDTH / DAYS;

/// The figures above the history, of a tenant that has a connection.
pub(super) struct Health {
    pub(super) last_success: Option<(Moment, String)>,
    /// In the last seven days.
    pub(super) signed_in: usize,
    pub(super) refused: usize,
    pub(super) provider_errors: usize,
    pub(super) checked: Option<Moment>,
    /// Whether everything in the latest test was well.
    pub(super) sound: bool,
    pub(super) clock: Option<String>,
    pub(super) key_age: Option<String>,
    pub(super) bars: Vec<Bar>,
    /// Sign-ins on the busiest day.
    pub(super) most: usize,
    pub(super) width: usize,
}

/// One day of the chart.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) day: String,
    /// Under every other bar, so that they do not touch.
    pub(super) labelled: bool,
    pub(super) signed_in: usize,
    pub(super) refused: usize,
    pub(super) good_y: usize,
    pub(super) good_height: usize,
    pub(super) bad_y: usize,
    pub(super) bad_height: usize,
}

/// None for a tenant that has no connection in use.
pub(super) async fn of(ledgerline: &Ledgerline, tenant: &str) -> Result<Option<Health>, Failure> {
    let standings = ledgerline.standings(tenant).await?;
    let Some(saved) = standings.saved else {
        return Ok(None);
    };
    let now = ledgerline.now();
    let events = history::latest(&ledgerline.db, tenant, &Filter::default(), usize::MAX).await?;
    let with_okta = |event: &&Event| came_in(&event.code);
    let this_week = |event: &&Event| event.at > now - 7 * DAY;
    let count = |wanted: &dyn Fn(&Event) -> bool| {
        events
            .iter()
            .filter(this_week)
            .filter(|event| wanted(event))
            .count()
    };
    let probe = trials::probe_of(&ledgerline.db, &saved).await?;
    let found = |check: &str| {
        let entries = probe.iter().flat_map(|probe| &probe.entries);
        entries
            .filter(|entry| entry.check == check)
            .find_map(|entry| entry.found.clone())
    };
    let (bars, most) = bars(&events, now);
    Ok(Some(Health {
        last_success: events.iter().find(with_okta).map(|event| {
            let ago = moment::length(now - event.at);
            (Moment(event.at), ago)
        }),
        signed_in: count(&|event| came_in(&event.code)),
        refused: count(&|event| did_not(&event.code)),
        provider_errors: count(&|event| is_error_of_provider(&event.code)),
        checked: probe.as_ref().map(|probe| Moment(probe.at)),
        sound: probe.as_ref().is_some_and(|probe| {
            probe
                .entries
                .iter()
                .all(|entry| entry.outcome == Outcome::Pass)
        }),
        clock: found("check/clock"),
        key_age: trials::key_age(&ledgerline.db, &saved, now)
            .await?
            .map(moment::length),
        bars,
        most,
        width: WIDTH,
    }))
}

/// Whether somebody signed in with Okta.
fn came_in(code: &str) -> bool {
    code.starts_with("signed-in/okta")
}

/// Whether a sign-in with Okta came to nothing. What passwords come to says nothing of the connection.
fn did_not(code: &str) -> bool {
    let kinds = ["login/", "account/", "fault/"];
    kinds.iter().any(|kind| code.starts_with(kind))
}

/// Whether a sign-in failed because of Okta itself, and not because Okta turned one person away.
fn is_error_of_provider(code: &str) -> bool {
    let mut parts = code.split('/');
    parts.next() == Some("login")
        && match parts.next() {
            Some("provider-unavailable" | "provider-busy" | "provider-misbehaved") => true,
            Some("provider-denied") => parts.next() == Some("provider-trouble"),
            _ => false,
        }
}

/// Sign-ins with Okta and those that came to nothing on each of the last days, oldest first.
fn bars(events: &[Event], now: i64) -> (Vec<Bar>, usize) {
    let today = now.div_euclid(DAY);
    let mut counts = [(0_usize, 0_usize); DAYS];
    for event in events {
        let age = today - event.at.div_euclid(DAY);
        let index = usize::try_from(age)
            .ok()
            .and_then(|age| (DAYS - 1).checked_sub(age));
        let Some((good, bad)) = index.and_then(|index| counts.get_mut(index)) else {
            continue;
        };
        if came_in(&event.code) {
            *good += 1;
        } else if did_not(&event.code) {
            *bad += 1;
        }
    }
    let most = counts
        .iter()
        .map(|(good, bad)| good + bad)
        .max()
        .unwrap_or(0);
    let scale = |count: usize| (count * HEIGHT).div_ceil(most.max(1));
    let bar = |(index, (good, bad)): (usize, &(usize, usize))| {
        let days_ago = i64::try_from(DAYS - 1 - index).unwrap_or(0);
        let (good_height, bad_height) = (scale(*good), scale(*good + *bad) - scale(*good));
        Bar {
            x: index * STEP + STEP / 8,
            day: Moment((today - days_ago) * DAY).day(),
            labelled: index % 3 == 1,
            signed_in: *good,
            refused: *bad,
            good_y: HEIGHT - good_height,
            good_height,
            bad_y: HEIGHT - good_height - bad_height,
            bad_height,
        }
    };
    (counts.iter().enumerate().map(bar).collect(), most)
}

#[derive(Deserialize)]
pub(super) struct Empty {}

/// `POST /history/check`: asks Okta now.
pub(super) async fn check(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    settings::probe_in_use(&ledgerline, &administrator.session.user.tenant).await?;
    Ok(Redirect::to("/history").into_response())
}

#[cfg(test)]
mod tests {
    use super::{DAY, DAYS, HEIGHT, bars, is_error_of_provider};
    use crate::history::Event;

    fn event(at: i64, code: &str) -> Event {
        Event {
            at,
            code: code.to_owned(),
            correlation_id: String::new(),
            actor: String::new(),
            detail: String::new(),
        }
    }

    #[test]
    fn somebody_whom_okta_turns_away_is_no_error_of_okta() {
        for (code, expected) in [
            ("login/provider-unavailable/token", true),
            ("login/provider-busy", true),
            ("login/provider-misbehaved/keys/not-json", true),
            ("login/provider-denied/provider-trouble", true),
            ("login/provider-denied/user-not-assigned", false),
            ("login/provider-denied/policy", false),
            ("login/token-rejected/expired", false),
            ("account/not-invited", false),
        ] {
            assert_eq!(is_error_of_provider(code), expected, "{code}");
        }
    }

    #[test]
    fn a_day_has_its_own_bar() {
        let now = 100 * DAY + 5;
        let first = 100 - i64::try_from(DAYS).unwrap() + 1;
        let events = [
            event(now, "signed-in/okta"),
            event(now, "account/not-invited"),
            event(now, "refused/wrong-password"),
            event(now, "signed-in/password"),
            event(now, "settings/saved"),
            event(first * DAY, "signed-in/okta-first"),
            event(first * DAY - 1, "signed-in/okta"),
        ];
        let (bars, most) = bars(&events, now);
        assert_eq!((bars.len(), most), (DAYS, 2));
        let (oldest, newest) = (&bars[0], &bars[DAYS - 1]);
        assert_eq!((oldest.signed_in, oldest.refused), (1, 0));
        assert_eq!((newest.signed_in, newest.refused), (1, 1));
        assert_eq!(newest.bad_y, 0);
        assert_eq!(newest.good_height + newest.bad_height, HEIGHT);
        assert_eq!(oldest.good_height, HEIGHT / 2);
    }
}
