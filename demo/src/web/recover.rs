//! The way in for one administrator of a company that is locked out: a code from the operator.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use okta_sso_host::axum::set_cookie;
use serde::Deserialize;

use super::Web;
use super::address::ClientAddress;
use super::guard::{self, Form, SESSION, Visit};
use super::page::{self, Failure, Layout};
use crate::ledgerline::Ledgerline;
use crate::operator_events::Code;
use crate::{recovery, sessions, token};

pub(super) fn router() -> Router<Web> {
    Router::new().route("/recover", get(show).post(redeem))
}

#[derive(Template)]
#[template(path = "recover.html")]
struct RecoverPage<'a> {
    layout: Layout,
    problem: Option<&'a str>,
    /// What was typed is the problem.
    wrong: bool,
}

fn draw(visit: &Visit, status: StatusCode, problem: Option<&str>) -> Response {
    let page = RecoverPage {
        layout: Layout::of(visit),
        problem,
        wrong: status == StatusCode::FORBIDDEN,
    };
    page::show(visit, status, &page)
}

async fn show(visit: Visit) -> Response {
    draw(&visit, StatusCode::OK, None)
}

#[derive(Deserialize)]
struct RecoveryForm {
    code: String,
}

/// The session that it opens ends when the code would have expired.
async fn redeem(
    State(ledgerline): State<Arc<Ledgerline>>,
    address: ClientAddress,
    visit: Visit,
    Form(form): Form<RecoveryForm>,
) -> Result<Response, Failure> {
    let (throttles, now) = (&ledgerline.throttles, ledgerline.now());
    if let Err(spent) = throttles.addresses.take(&address.key(), now) {
        spent
            .tell(&ledgerline, Code::TooManyRecoveries, address)
            .await;
        let problem = Some("There were too many tries. Wait a minute, then try again.");
        return Ok(draw(&visit, StatusCode::TOO_MANY_REQUESTS, problem));
    }
    let correlation_id = token::name()?;
    let (db, seal) = (&ledgerline.db, &ledgerline.seal);
    let times = ledgerline.session_times();
    let entered = recovery::enter(db, seal, form.code.trim(), &correlation_id, times).await?;
    let Some((cookie, lifetime)) = entered else {
        let from = address.key();
        ledgerline.note(Code::WrongRecovery, &from, "", "").await;
        let problem =
            Some("This code does not work: it is mistyped, used or expired. Ask for another one.");
        return Ok(draw(&visit, StatusCode::FORBIDDEN, problem));
    };
    if let Some(before) = &visit.cookie {
        sessions::end(db, before).await?;
    }
    let mut response = Redirect::to("/settings/sso").into_response();
    let cookie = set_cookie(SESSION, &cookie, lifetime.unsigned_abs());
    guard::append(&mut response, cookie);
    Ok(response)
}
