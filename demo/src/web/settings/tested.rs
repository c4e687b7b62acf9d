//! What came of a test sign-in: the check list, and whether the settings may be used.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::contract::{self, Check, ClaimsSource, EmailMatch, Identity, Rehearsal};
use sqlx::AnyConnection;

use super::{
    Administrator, CheckList, Draft, Failure, Layout, Ledgerline, Missing, Moment, Saved,
    Situation, Standing, TenantState, activation, domains, drafts, page, trial, trials,
};
use crate::accounts::{self, User};
use crate::activation::Cause;
use crate::database;
use crate::sign_in::{self, Decision, Facts, Refusal, Vouched};
use crate::trials::{Entry, Outcome};
use crate::web::guard::Visit;
use crate::{history, link_moves};

/// A test sign-in came back from Okta: its check list is kept, and when nothing failed the settings may be used.
pub(in crate::web) async fn finish(
    ledgerline: &Ledgerline,
    visit: &Visit,
    handle: &str,
    rehearsal: &Rehearsal,
) -> Result<Response, Failure> {
    let Some(begun) = trials::rehearsal(&ledgerline.db, handle).await? else {
        return Err(Failure::NotFound);
    };
    let list = Redirect::to(&format!("/settings/sso/test/{handle}")).into_response();
    let session = visit.session.as_ref();
    let own = session.filter(|session| session.user.id == begun.user_id);
    // Whoever came by the address of somebody's callback does not end that person's test.
    let unbound = rehearsal.checks.iter().any(|finding| {
        finding.check == Check::Transaction && finding.outcome != contract::Outcome::Pass
    });
    if unbound && own.is_none() {
        return Ok(list);
    }
    let near = match (own, &rehearsal.identity) {
        (Some(session), Some(identity)) => resemblance(ledgerline, &session.user, identity).await?,
        _ => EmailMatch::Different,
    };
    // Metadata, issuer and keys come first: most of what fails later follows from them.
    let mut entries = match &own {
        Some(_) if begun.ended_at.is_none() => probe(ledgerline, &begun).await?,
        _ => Vec::new(),
    };
    entries.extend(rehearsal.checks.iter().map(Entry::from));
    if let Some(identity) = &rehearsal.identity {
        tell_source(identity, &mut entries);
    }
    let mut write = database::write(&ledgerline.db).await?;
    let (tenant, id) = (&begun.tenant, &begun.user_id);
    let Some(tester) = accounts::find(&mut *write, tenant, id).await? else {
        return Err(Failure::NotFound);
    };
    let cause = Cause {
        actor: &tester.email,
        correlation_id: handle,
        now: ledgerline.now(),
    };
    let draft = drafts::of_tenant(&mut *write, tenant).await?;
    let draft = draft.filter(|draft| drafts::fingerprint(&draft.settings) == begun.settings);
    let last = match (&rehearsal.identity, &draft) {
        (None, _) => entry(Outcome::Skipped, None),
        _ if own.is_none() || !tester.administrator || tester.disabled => fails("own/not-you"),
        (_, None) => fails("own/changed-meanwhile"),
        (Some(identity), Some(draft)) => {
            await_domain(&mut write, &draft.settings, identity, &mut entries).await?;
            let leads_to = LeadsTo {
                draft,
                identity,
                tester: &tester,
                near,
            };
            leads_to.judge(&mut write, cause.now).await?
        }
    };
    entries.push(last);
    if trials::end_rehearsal(&mut write, handle, &entries, cause.now).await? {
        let identity = rehearsal.identity.as_ref();
        let identity = identity.filter(|_| trials::passed(&entries));
        let code = if identity.is_some() {
            "settings/test-passed"
        } else {
            history::TEST_FAILED
        };
        history::record_in(
            &mut write,
            tenant,
            &cause.event(code, trials::failure(&entries)),
        )
        .await?;
        if let Some(identity) = identity {
            let passed = drafts::Passed {
                settings: begun.settings.clone(),
                user_id: tester.id.clone(),
                subject: identity.subject.clone(),
                email: identity.email.clone(),
            };
            drafts::pass(&mut write, tenant, passed).await?;
            activation::advance(&mut write, &ledgerline.seal, tenant, cause).await?;
        }
    }
    write.commit().await?;
    Ok(list)
}

/// What Okta says of the settings that were tested; nothing of settings that are there no more.
async fn probe(ledgerline: &Ledgerline, begun: &trials::Rehearsal) -> Result<Vec<Entry>, Failure> {
    let draft = drafts::of_tenant(&ledgerline.db, &begun.tenant).await?;
    match draft.filter(|draft| drafts::fingerprint(&draft.settings) == begun.settings) {
        Some(draft) => trial::ask(ledgerline, &draft.settings).await,
        None => Ok(Vec::new()),
    }
}

/// How near the address that Okta vouches for is to the administrator's own.
async fn resemblance(
    ledgerline: &Ledgerline,
    administrator: &User,
    identity: &Identity,
) -> Result<EmailMatch, Failure> {
    let rule = contract::EmailRule::Exact;
    let compared = ledgerline
        .plugin
        .compare_email(rule, &identity.email, &administrator.email)
        .await;
    compared.map_err(|error| Failure::Fault(error.to_string()))
}

/// The list's last line: whom the person at Okta would be here.
fn entry(outcome: Outcome, reason: Option<&str>) -> Entry {
    Entry {
        check: "own/administrator".to_owned(),
        outcome,
        reason: reason.map(str::to_owned),
        expected: None,
        found: None,
    }
}

fn fails(reason: &str) -> Entry {
    entry(Outcome::Fail, Some(reason))
}

/// Where the e-mail came from: whether sign-ins need UserInfo.
fn tell_source(identity: &Identity, entries: &mut [Entry]) {
    let source = match identity.email_source {
        ClaimsSource::IdToken => "own/full-token",
        ClaimsSource::UserInfo => "own/thin-token",
    };
    if let Some(entry) = line_of(entries, "check/user-info") {
        entry.reason = Some(source.to_owned());
    }
}

fn line_of<'a>(entries: &'a mut [Entry], check: &str) -> Option<&'a mut Entry> {
    entries.iter_mut().find(|entry| entry.check == check)
}

/// The address is on a domain that the tenant asked for: a pass only when it is approved.
async fn await_domain(
    db: &mut AnyConnection,
    settings: &Saved,
    identity: &Identity,
    entries: &mut [Entry],
) -> Result<(), sqlx::Error> {
    let domain = sign_in::domain_of(&identity.email).unwrap_or_default();
    let domains = domains::of_tenant(db, &settings.tenant).await?;
    let approved = domains
        .iter()
        .any(|one| one.domain == domain && one.standing(settings) == Standing::Approved);
    if approved {
        return Ok(());
    }
    if let Some(entry) = line_of(entries, "check/email-domain") {
        entry.outcome = Outcome::Warn;
        entry.reason = Some("own/domain-waiting".to_owned());
        entry.found = Some(domain);
    }
    Ok(())
}

/// Whom a test led to.
struct LeadsTo<'a> {
    draft: &'a Draft,
    identity: &'a Identity,
    tester: &'a User,
    /// The two addresses beside each other.
    near: EmailMatch,
}

impl LeadsTo<'_> {
    /// The decision of a real sign-in by these settings. Only the administrator who tests is good enough: else nobody
    /// could repair anything once passwords stop.
    async fn judge(&self, db: &mut AnyConnection, now: i64) -> Result<Entry, sqlx::Error> {
        let settings = &self.draft.settings;
        let vouched = Vouched {
            issuer: &self.identity.issuer,
            subject: &self.identity.subject,
            email: &self.identity.email,
        };
        let (decision, facts) = sign_in::foresee(&mut *db, settings, vouched, now).await?;
        let sides = |entry: Entry| Entry {
            expected: Some(self.tester.email.clone()),
            found: Some(self.identity.email.clone()),
            ..entry
        };
        let between = |entry: Entry, issuer: String| Entry {
            expected: Some(settings.issuer.clone()),
            found: Some(issuer),
            ..entry
        };
        Ok(match decision {
            Decision::Known { user, .. } | Decision::Pin { user } if user.id == self.tester.id => {
                let others =
                    link_moves::other_issuers(db, &settings.tenant, &settings.issuer).await?;
                match others.into_iter().next() {
                    None => sides(entry(Outcome::Pass, None)),
                    Some((issuer, _)) => between(
                        entry(Outcome::Warn, Some("own/others-tied-elsewhere")),
                        issuer,
                    ),
                }
            }
            Decision::Known { .. } | Decision::Pin { .. } => sides(fails("own/somebody-else")),
            Decision::Refused(Refusal::LinkedToAnotherSubject) => {
                let tie = self.tie(db, &facts).await?;
                match tie.filter(|issuer| *issuer != settings.issuer) {
                    Some(issuer) => between(fails("own/tied-elsewhere"), issuer),
                    None => sides(fails(Refusal::LinkedToAnotherSubject.code())),
                }
            }
            Decision::Refused(Refusal::NotInvited) => {
                let reason = match (facts.matching(vouched.email).count(), self.near) {
                    (0, EmailMatch::Different | EmailMatch::Equal) => "own/nobody".to_owned(),
                    (0, near) => near.code(),
                    (1, _) => Refusal::NotInvited.code().to_owned(),
                    _ => "own/two-alike".to_owned(),
                };
                sides(fails(&reason))
            }
            Decision::Refused(refusal) => sides(fails(refusal.code())),
        })
    }

    /// The issuer that the user with this address is tied to.
    async fn tie(
        &self,
        db: &mut AnyConnection,
        facts: &Facts,
    ) -> Result<Option<String>, sqlx::Error> {
        match facts.matching(&self.identity.email).next() {
            Some(entry) => link_moves::issuer_of(db, &entry.user.id).await,
            None => Ok(None),
        }
    }
}

#[derive(Template)]
#[template(path = "settings/tested.html")]
struct ListPage<'a> {
    layout: Layout,
    tenant: &'a str,
    handle: &'a str,
    ended: Option<Moment>,
    result: Tested,
    list: CheckList,
}

/// What a test sign-in has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tested {
    /// The person is still at Okta.
    Unfinished,
    Failed,
    /// Passed, and these very settings are in use since.
    InUse,
    /// Passed, and the settings wait for the operator.
    AwaitingDomain,
    /// Passed, and the settings wait for being switched on.
    SwitchedOff,
    /// Passed, and the settings were changed, thrown away or taken out of use since.
    NotInUse,
}

impl Tested {
    fn of(rehearsal: &trials::Rehearsal, situation: &Situation) -> Self {
        let tested = situation.draft.as_ref().and_then(Draft::test);
        let drafted = tested.is_some_and(|test| test.settings == rehearsal.settings);
        let in_use = situation.live_state() == TenantState::Active
            && situation.live_tested.as_ref() == Some(&rehearsal.settings);
        if rehearsal.ended_at.is_none() {
            Self::Unfinished
        } else if !trials::passed(&rehearsal.entries) {
            Self::Failed
        } else if in_use {
            Self::InUse
        } else if drafted && situation.missing() == Some(Missing::Domain) {
            Self::AwaitingDomain
        } else if drafted && situation.missing() == Some(Missing::Toggle) {
            Self::SwitchedOff
        } else {
            Self::NotInUse
        }
    }
}

/// `GET /settings/sso/test/{handle}`: the check list.
pub(super) async fn list(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Path(handle): Path<String>,
) -> Result<Response, Failure> {
    let tenant = &administrator.session.user.tenant;
    let found = trials::rehearsal(&ledgerline.db, &handle).await?;
    let rehearsal = found
        .filter(|rehearsal| rehearsal.tenant == *tenant)
        .ok_or(Failure::NotFound)?;
    let situation = Situation::of(&ledgerline, tenant).await?;
    let page = ListPage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        handle: &handle,
        ended: rehearsal.ended_at.map(Moment),
        result: Tested::of(&rehearsal, &situation),
        list: CheckList::of(&ledgerline, &rehearsal.entries).await,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}
