//! The audit trail: what happens at the product's edge and is no company's.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::{Failure, Layout, Ledgerline, Operator, page};
use crate::history::Kind;
use crate::moment::Moment;
use crate::operator_events::{self, Code, Event};

/// Events on the page.
const SHOWN: i64 = 200;

/// One event in words.
struct Row {
    at: Moment,
    badge: &'static str,
    words: &'static str,
    text: &'static str,
    event: Event,
}

#[derive(Template)]
#[template(path = "operator/events.html")]
struct EventsPage {
    layout: Layout,
    rows: Vec<Row>,
    /// The filter; empty where everything is shown.
    kind: &'static str,
}

/// `GET /operator/events`.
pub(super) async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let mut asked = form_urlencoded::parse(query.as_bytes());
    let kind = asked.find(|(name, _)| name == "kind");
    let kind = kind.and_then(|(_, kind)| Kind::read(&kind));
    let events = operator_events::latest(&ledgerline.db, kind, SHOWN).await?;
    let page = EventsPage {
        layout: Layout::of(&ledgerline, &operator).await?,
        rows: events.into_iter().map(row).collect(),
        kind: kind.map_or("", Kind::name),
    };
    Ok(page::show(&operator.visit, StatusCode::OK, &page))
}

fn row(event: Event) -> Row {
    let (badge, words) = match event.code.kind() {
        Kind::SignedIn if event.code == Code::SignedOut => ("", "Signed out"),
        Kind::SignedIn => ("good", "Signed in"),
        Kind::Refused => ("bad", "Refused"),
        Kind::Changed if event.code == Code::ComponentRefused => ("warn", "Not changed"),
        Kind::Changed => ("info", "Changed"),
    };
    Row {
        at: Moment(event.at),
        badge,
        words,
        text: event.code.text(),
        event,
    }
}
