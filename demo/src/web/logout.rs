//! Signing out: here at once, at the provider by one more click.
//!
//! The click is a link: a browser applies `form-action` to the redirects after a form, so the form itself cannot
//! lead to the provider.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use okta_sso_host::axum::{Cookies, set_cookie};
use serde::Deserialize;
use url::form_urlencoded;

use super::Web;
use super::guard::{self, Form, SESSION, Visit};
use super::page::{self, Failure, Layout, Message};
use crate::history::Event;
use crate::ledgerline::Ledgerline;
use crate::{connections, database, sessions, token};

/// Stands for the provider's session that can still be ended.
const FAREWELL: &str = "__Host-farewell";
/// The `state` that a browser took to the provider's sign-out: with it, it comes from there.
const LEFT: &str = "__Host-left";

const AGAIN: (&str, &str) = ("/login", "Sign in again");
const HOME: (&str, &str) = ("/", "Go to Ledgerline");
const SIGN_OUT_HERE: &str = "Sign out here too if others use this computer.";

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/logout", post(sign_out))
        .route("/logout/okta", get(sign_out_of_okta))
        .route("/signed-out", get(signed_out))
}

#[derive(Deserialize)]
struct SignOut {
    /// `everywhere` ends the sessions of all browsers.
    scope: Option<String>,
}

async fn sign_out(
    State(ledgerline): State<Arc<Ledgerline>>,
    mut visit: Visit,
    Form(form): Form<SignOut>,
) -> Result<Response, Failure> {
    let (Some(session), Some(cookie)) = (visit.session.take(), visit.cookie.take()) else {
        return Ok(Redirect::to("/login").into_response());
    };
    let everywhere = form.scope.as_deref() == Some("everywhere");
    let now = ledgerline.now();
    let mut write = database::write(&ledgerline.db).await?;
    let farewell = sessions::end_with_farewell(&mut write, &ledgerline.seal, &cookie, now).await?;
    if everywhere {
        sessions::end_all_of_user(&mut *write, &session.user.id).await?;
    }
    write.commit().await?;
    ledgerline
        .record(
            &session.user.tenant,
            &Event {
                at: now,
                code: if everywhere {
                    "signed-out-everywhere"
                } else {
                    "signed-out"
                }
                .to_owned(),
                correlation_id: token::name()?,
                actor: session.user.email.clone(),
                detail: String::new(),
            },
        )
        .await;
    let text = if everywhere {
        "You are signed out of Ledgerline in every browser."
    } else {
        "You are signed out of Ledgerline in this browser."
    };
    let page = Message {
        layout: Layout::of(&visit),
        title: "Signed out",
        text,
        next_step: if farewell.is_some() {
            "You are still signed in at Okta. On a computer that others use, sign out there too."
        } else {
            "You can close this page."
        },
        link: if farewell.is_some() {
            ("/logout/okta", "Sign out of Okta too")
        } else {
            AGAIN
        },
        correlation_id: None,
    };
    let mut response = page::show(&visit, StatusCode::OK, &page);
    guard::forget(&mut response, SESSION);
    if let Some(farewell) = farewell {
        guard::append(&mut response, set_cookie(FAREWELL, &farewell, 300));
    }
    Ok(response)
}

/// Once, within five minutes of signing out here.
async fn sign_out_of_okta(
    State(ledgerline): State<Arc<Ledgerline>>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let farewell = match Cookies::read(&headers).one(FAREWELL) {
        Some(cookie) => {
            sessions::take_farewell(&ledgerline.db, &ledgerline.seal, cookie, ledgerline.now())
                .await?
        }
        None => None,
    };
    let mut response = match farewell {
        Some((connection, hint)) => leave(&ledgerline, &visit, &connection, &hint).await?,
        None => stays_at_okta(&ledgerline, &visit, "logout/unsupported").await?,
    };
    guard::forget(&mut response, FAREWELL);
    Ok(response)
}

async fn leave(
    ledgerline: &Ledgerline,
    visit: &Visit,
    connection: &str,
    hint: &str,
) -> Result<Response, Failure> {
    let Some(saved) = connections::find(&ledgerline.db, connection).await? else {
        return stays_at_okta(ledgerline, visit, "logout/unsupported").await;
    };
    let connection = ledgerline.connect(&saved).await?;
    let state = token::name()?;
    let begun = ledgerline
        .plugin
        .begin_logout(&connection, hint, Some(&state));
    match begun.await {
        Ok(url) => {
            let mut response = Redirect::to(&url).into_response();
            guard::append(&mut response, set_cookie(LEFT, &state, 300));
            Ok(response)
        }
        Err(error) => {
            tracing::warn!(connection = saved.id, %error, "signing out at the provider failed");
            let code = super::okta::code_of(&error);
            stays_at_okta(ledgerline, visit, &code).await
        }
    }
}

async fn stays_at_okta(
    ledgerline: &Ledgerline,
    visit: &Visit,
    code: &str,
) -> Result<Response, Failure> {
    let explanation = ledgerline.explain(code).await;
    let page = Message {
        layout: Layout::of(visit),
        title: "Still signed in at Okta",
        text: &explanation.for_person,
        next_step: &explanation.next_step_for_person,
        link: AGAIN,
        correlation_id: None,
    };
    Ok(page::show(visit, StatusCode::OK, &page))
}

/// Where the provider sends the browser back to. Anybody can come here: of the provider's session it speaks only to a
/// browser that this product sent there.
async fn signed_out(visit: Visit, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let state = pairs.find(|(name, _)| name == "state");
    let left = Cookies::read(&headers).one(LEFT);
    let from_okta = left.is_some_and(|left| state.is_some_and(|(_, state)| state == left));
    let (title, text, next_step, link) = match (from_okta, visit.session.is_some()) {
        (true, true) => (
            "Signed out at Okta",
            "Your session at Okta has ended. You are still signed in to Ledgerline in this browser.",
            SIGN_OUT_HERE,
            HOME,
        ),
        (true, false) => (
            "Signed out",
            "You are signed out of Ledgerline and of Okta.",
            "You can close this page.",
            AGAIN,
        ),
        (false, true) => (
            "Still signed in",
            "You are signed in to Ledgerline in this browser.",
            SIGN_OUT_HERE,
            HOME,
        ),
        (false, false) => (
            "Signed out",
            "You are signed out of Ledgerline.",
            "Okta may still know you. On a computer that others use, sign out there too.",
            AGAIN,
        ),
    };
    let page = Message {
        layout: Layout::of(&visit),
        title,
        text,
        next_step,
        link,
        correlation_id: None,
    };
    let mut response = page::show(&visit, StatusCode::OK, &page);
    if from_okta {
        guard::forget(&mut response, LEFT);
    }
    response
}
