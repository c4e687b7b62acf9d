//! The first page, and the same in JSON.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Web;
use super::guard::{SignedIn, Visit};
use super::page::{self, Failure, Layout};
use crate::domains::State as Standing;
use crate::ledgerline::Ledgerline;
use crate::sessions::Method;

pub(super) fn router() -> Router<Web> {
    Router::new().route("/", get(show)).route("/me", get(me))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    layout: Layout,
    first_name: &'a str,
    tenant: &'a str,
    method: Method,
    /// For administrators, while single sign-on is not in use yet.
    suggest_sso: bool,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    SignedIn { session, visit }: SignedIn,
) -> Result<Response, Failure> {
    let standings = ledgerline.standings(&session.user.tenant).await?;
    let page = HomePage {
        layout: Layout::of(&visit),
        first_name: session
            .user
            .name
            .split(' ')
            .next()
            .unwrap_or(&session.user.name),
        tenant: &session.tenant_name,
        method: session.method,
        suggest_sso: session.user.administrator && standings.state == Standing::Off,
    };
    Ok(page::show(&visit, StatusCode::OK, &page))
}

#[derive(Serialize)]
struct Me<'a> {
    tenant: &'a str,
    /// The user's id within the product.
    user: &'a str,
    email: &'a str,
    name: &'a str,
    /// `okta`, `password` or `recovery`.
    method: &'static str,
}

async fn me(visit: Visit) -> Response {
    let Some(session) = &visit.session else {
        let body = Json(serde_json::json!({ "error": "not signed in" }));
        return (StatusCode::UNAUTHORIZED, body).into_response();
    };
    Json(Me {
        tenant: &session.user.tenant,
        user: &session.user.id,
        email: &session.user.email,
        name: &session.user.name,
        method: session.method.name(),
    })
    .into_response()
}
