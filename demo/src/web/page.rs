//! Drawing pages: the layout that all share, the headers of every answer, and the pages of failure.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::guard::{self, Visit};
use crate::activation::ActivationError;
use crate::ledgerline::{ConnectError, Ledgerline};
use crate::{password, sessions, token};

/// Nothing but our own style, script and pictures; no frame; forms, and what the script asks, to ourselves alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the layout of every page shows.
pub(crate) struct Layout {
    /// For the field `proof` of each form.
    pub(crate) form_proof: String,
    /// Who is signed in.
    pub(crate) person: Option<Person>,
}

/// A person as the layout names them.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) tenant: String,
    pub(crate) administrator: bool,
}

impl Layout {
    pub(crate) fn of(visit: &Visit) -> Self {
        Self {
            form_proof: visit.form_proof.clone(),
            person: visit.session.as_ref().map(|session| Person {
                name: session.user.name.clone(),
                email: session.user.email.clone(),
                tenant: session.tenant_name.clone(),
                administrator: session.user.administrator,
            }),
        }
    }

    /// For pages that are drawn before anybody was looked up.
    fn of_nobody() -> Self {
        Self {
            form_proof: String::new(),
            person: None,
        }
    }
}

/// A page of a few sentences: what happened, and what to do next.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) layout: Layout,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) next_step: &'a str,
    /// Where to go on, with the link's words.
    pub(crate) link: (&'a str, &'a str),
    pub(crate) correlation_id: Option<&'a str>,
}

/// Draws a page for a visit.
pub(crate) fn show(visit: &Visit, status: StatusCode, page: &impl Template) -> Response {
    let mut response = draw(status, page);
    guard::append(&mut response, visit.form_cookie());
    response
}

fn draw(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            )
                .into_response()
        }
    }
}

/// Why a request is not answered as it was asked.
pub(crate) enum Failure {
    /// Something of ours does not work; the text is for the log alone.
    Fault(String),
    NotFound,
    MethodNotAllowed,
    AdministratorsOnly,
    /// The form's proof is missing, of another browser, or of before somebody signed in or out there.
    FormExpired,
    FormFromElsewhere,
    FormUnreadable,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<token::NoRandomness> for Failure {
    fn from(error: token::NoRandomness) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<password::HashError> for Failure {
    fn from(error: password::HashError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<sessions::OpenError> for Failure {
    fn from(error: sessions::OpenError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<ActivationError> for Failure {
    fn from(error: ActivationError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let back = ("/", "Go to Ledgerline");
        let (status, title, text, next_step) = match &self {
            Self::Fault(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Something went wrong on our side",
                "Ledgerline could not do what you asked, or not all of it.",
                "Wait a minute, look whether it was done, and try again. If it persists, give the reference below to our support.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "The address may be mistyped, or the page is gone.",
                "Start from the first page.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This page cannot be used that way",
                "The address exists, but not for this kind of request.",
                "Start from the first page.",
            ),
            Self::AdministratorsOnly => (
                StatusCode::FORBIDDEN,
                "For administrators",
                "This page is for the administrators of your company.",
                "Ask one of them for what you need.",
            ),
            Self::FormExpired => (
                StatusCode::FORBIDDEN,
                "This form has expired",
                "Somebody has signed in or out since the form was drawn, the browser was closed, or cookies are switched off. Nothing was changed.",
                "Go back, reload the page, and send it again.",
            ),
            Self::FormFromElsewhere => (
                StatusCode::FORBIDDEN,
                "This form came from another site",
                "Ledgerline takes forms from its own pages only. Nothing was changed.",
                "If you did not expect this, close the page that sent you here.",
            ),
            Self::FormUnreadable => (
                StatusCode::BAD_REQUEST,
                "This form could not be read",
                "A field is missing, given twice, or longer than it may be. Nothing was changed.",
                "Go back, reload the page, and send it again.",
            ),
        };
        let correlation_id = match &self {
            Self::Fault(detail) => {
                let id = token::name().unwrap_or_default();
                tracing::error!(correlation_id = id, detail, "a request failed");
                Some(id)
            }
            _ => None,
        };
        draw(
            status,
            &Message {
                layout: Layout::of_nobody(),
                title,
                text,
                next_step,
                link: back,
                correlation_id: correlation_id.as_deref(),
            },
        )
    }
}

/// Every path that nothing answers.
pub(super) async fn not_found() -> Failure {
    Failure::NotFound
}

/// Every method that a path does not have.
pub(super) async fn method_not_allowed() -> Failure {
    Failure::MethodNotAllowed
}

const ICON: &str = include_str!("../../templates/icon.svg");

/// Style, script and icon, which are part of the program.
pub(super) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let asset = |kind: &'static str, text: &'static str| {
        get(move || async move {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "public, max-age=300"),
            ];
            (headers, text)
        })
    };
    Router::new()
        .route(
            "/assets/style.css",
            asset(
                "text/css; charset=utf-8",
                include_str!("../../templates/style.css"),
            ),
        )
        .route(
            "/assets/ledgerline.js",
            asset(
                "text/javascript; charset=utf-8",
                include_str!("../../templates/ledgerline.js"),
            ),
        )
        .route("/assets/icon.svg", asset("image/svg+xml", ICON))
        // Where browsers look beside an answer that is no page, such as `/me`.
        .route("/favicon.ico", asset("image/svg+xml", ICON))
}

/// Longer than any request takes that a provider and a database answer; a call of the plugin ends after 15 seconds.
const LONGEST: Duration = Duration::from_secs(20);

/// Gives up on a request that nothing else ends, such as one to a database that neither answers nor closes. What it had not
/// committed is undone, as when the browser hangs up.
pub(super) async fn give_up(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(LONGEST, next.run(request)).await;
    answered.unwrap_or_else(|_| Failure::Fault("no answer in time".to_owned()).into_response())
}

/// Puts the headers on that every answer has; a handler's own stay.
pub(super) async fn dress(
    State(ledgerline): State<Arc<Ledgerline>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut keep = |name: HeaderName, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    keep(header::CONTENT_SECURITY_POLICY, POLICY);
    keep(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: then forms would come with the origin `null`.
    keep(header::REFERRER_POLICY, "same-origin");
    keep(header::CACHE_CONTROL, "no-store");
    keep(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    keep(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    keep(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if ledgerline.public_url.is_https() {
        keep(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
