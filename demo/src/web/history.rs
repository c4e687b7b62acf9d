//! *Sign-in history*: what happened at a tenant, and how its connection is.

mod export;
mod health;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use url::form_urlencoded;

use self::health::Health;
use super::Web;
use super::guard::Administrator;
use super::page::{self, Failure, Layout};
use super::words;
use crate::history::{self, Event, Filter, Kind};
use crate::ledgerline::Ledgerline;
use crate::moment::Moment;

/// Events on one page.
const SHOWN: usize = 200;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/history", get(show))
        .route("/history.csv", get(export::csv))
        .route("/history/check", post(health::check))
}

/// The filter as an address names it. What it names otherwise, or more than once, does not matter.
#[derive(Default)]
struct Asked {
    kind: String,
    search: String,
}

impl Asked {
    fn read(query: Option<&str>) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "kind" => asked.kind = value.into_owned(),
                "search" => asked.search = value.into_owned(),
                _ => {}
            }
        }
        asked
    }

    fn filter(&self) -> Filter {
        Filter {
            kind: Kind::read(&self.kind),
            search: self.search.clone(),
        }
    }
}

/// One event in words.
struct Row {
    at: Moment,
    badge: &'static str,
    words: &'static str,
    who: String,
    text: String,
    next_step: String,
    phase: &'static str,
    detail: String,
    code: String,
    correlation_id: String,
    /// Until when a recording of it is kept.
    recorded_until: Option<Moment>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage<'a> {
    layout: Layout,
    rows: Vec<Row>,
    /// There are more than the page shows.
    more: bool,
    filtered: bool,
    kind: &'a str,
    search: &'a str,
    /// The same filter, for the export.
    query: String,
    health: Option<Health>,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref());
    let tenant = &administrator.session.user.tenant;
    let mut events = history::latest(&ledgerline.db, tenant, &asked.filter(), SHOWN + 1).await?;
    let more = events.len() > SHOWN;
    events.truncate(SHOWN);
    let recorded = match &ledgerline.recordings {
        Some(recordings) => recordings.of_tenant(tenant).await,
        None => BTreeMap::new(),
    };
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        rows.push(row(&ledgerline, event, &recorded).await);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("kind", &asked.kind)
        .append_pair("search", &asked.search)
        .finish();
    let page = HistoryPage {
        layout: Layout::of(&administrator.visit),
        rows,
        more,
        filtered: asked.filter() != Filter::default(),
        kind: &asked.kind,
        search: &asked.search,
        query,
        health: health::of(&ledgerline, tenant).await?,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}

async fn row(ledgerline: &Ledgerline, event: Event, recorded: &BTreeMap<String, i64>) -> Row {
    let (badge, words) = match Kind::of(&event.code) {
        Kind::SignedIn if event.code.starts_with("signed-out") => ("", "Signed out"),
        Kind::SignedIn if event.code == "email-changed" => ("info", "E-mail changed"),
        Kind::SignedIn => ("good", "Signed in"),
        Kind::Refused => ("bad", "Refused"),
        Kind::Changed => ("info", "Changed"),
    };
    let told = words::of(ledgerline, &event).await;
    Row {
        at: Moment(event.at),
        badge,
        words,
        who: told.spelled,
        text: told.text,
        next_step: told.next_step,
        phase: phase(&event.code),
        detail: told.detail,
        code: event.code,
        recorded_until: recorded.get(&event.correlation_id).copied().map(Moment),
        correlation_id: event.correlation_id,
    }
}

/// Where a sign-in stopped; empty where that is no question.
fn phase(code: &str) -> &'static str {
    let Some((area, rest)) = code.split_once('/') else {
        return "";
    };
    match area {
        "account" => "Account",
        "refused" => "Sign-in page",
        "login" => match rest.split('/').next().unwrap_or_default() {
            "callback-malformed"
            | "transaction-not-found"
            | "connection-changed"
            | "response-issuer-missing"
            | "response-issuer-mismatch" => "Return from Okta",
            "provider-denied" | "login-required" => "At Okta",
            "client-rejected" | "code-rejected" => "Token request",
            "token-rejected" => "ID token",
            "email-missing"
            | "email-malformed"
            | "email-unverified"
            | "email-domain-not-approved" => "E-mail",
            _ if rest.contains("/metadata") => "Metadata",
            _ if rest.contains("/keys") => "Keys",
            _ if rest.contains("/user-info") => "UserInfo",
            _ if rest.contains("/token") => "Token request",
            _ => "Start",
        },
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::phase;

    #[test]
    fn a_code_tells_where_it_stopped() {
        for (code, expected) in [
            ("login/provider-unavailable/token", "Token request"),
            (
                "login/provider-misbehaved/user-info/subject-mismatch",
                "UserInfo",
            ),
            ("login/provider-misbehaved/keys/not-json", "Keys"),
            ("login/provider-unavailable/metadata", "Metadata"),
            ("login/token-rejected/expired", "ID token"),
            ("login/provider-denied/policy", "At Okta"),
            ("account/disabled", "Account"),
            ("signed-in/okta", ""),
            ("signed-out", ""),
        ] {
            assert_eq!(phase(code), expected, "{code}");
        }
    }
}
