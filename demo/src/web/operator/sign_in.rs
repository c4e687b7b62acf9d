//! The operators' own sign-in page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::axum::{Cookies, return_to, set_cookie};
use serde::Deserialize;
use url::form_urlencoded;

use super::{Failure, Ledgerline, guard, page};
use crate::operator_events::{self, Code, Event};
use crate::web::NEVER_RETURN_TO;
use crate::web::address::ClientAddress;
use crate::web::guard::{Form, OPERATOR, Visit};
use crate::web::page::Layout;
use crate::web::throttle::{Door, Guess};
use crate::{database, operators, password};

#[derive(Template)]
#[template(path = "operator/login.html")]
struct LoginPage<'a> {
    layout: Layout,
    name: &'a str,
    return_to: &'a str,
    problem: Option<&'a str>,
    /// What was typed is the problem.
    wrong: bool,
}

fn draw(visit: &Visit, status: StatusCode, form: &Credentials, problem: Option<&str>) -> Response {
    let page = LoginPage {
        layout: Layout::of(visit),
        name: &form.name,
        return_to: console_page(&form.return_to),
        problem,
        wrong: status == StatusCode::FORBIDDEN,
    };
    page::show(visit, status, &page)
}

/// Where an operator goes on: the page of the console that was asked for, or its first.
fn console_page(asked: &str) -> &str {
    match return_to(asked, &NEVER_RETURN_TO) {
        page if is_of_console(page) => page,
        _ => "/operator",
    }
}

fn is_of_console(page: &str) -> bool {
    page.starts_with("/operator/tenants") || page.starts_with("/operator/events")
}

/// `GET /operator/login`.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "return_to");
    let form = Credentials {
        return_to: asked.map(|(_, page)| page.into_owned()).unwrap_or_default(),
        ..Credentials::default()
    };
    draw(&visit, StatusCode::OK, &form, None)
}

#[derive(Default, Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

/// `POST /operator/login`: tries are counted as at the tenants' sign-in page.
pub(super) async fn sign_in(
    State(ledgerline): State<Arc<Ledgerline>>,
    address: ClientAddress,
    visit: Visit,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    let now = ledgerline.now();
    let guess = Guess::new(address, &Door::Operators, &form.name);
    let throttles = &ledgerline.throttles;
    if let Err(spent) = throttles.take_password(&guess, now) {
        let code = Code::TooManyPasswords;
        spent.tell(&ledgerline, code, address).await;
        let problem = "There were too many tries. Wait a minute, then try again.";
        return Ok(draw(
            &visit,
            StatusCode::TOO_MANY_REQUESTS,
            &form,
            Some(problem),
        ));
    }
    let hash = operators::password_hash(&ledgerline.db, &form.name).await?;
    // What is nobody's name may be anything, a password in the wrong field included.
    let known = if hash.is_some() { &*form.name } else { "" };
    let from = address.key();
    if !password::verify(&form.password, hash).await {
        let code = Code::WrongPassword;
        ledgerline.note(code, &from, known, "").await;
        let problem = "Name or password is not right.";
        return Ok(draw(&visit, StatusCode::FORBIDDEN, &form, Some(problem)));
    }
    throttles.give_password_back(&guess);
    let mut write = database::write(&ledgerline.db).await?;
    let cookie = operators::open_session(&mut *write, &form.name, now).await?;
    let event = event(Code::SignedIn, &form.name, address, now);
    operator_events::record_in(&mut write, &event).await?;
    write.commit().await?;
    operator_events::announce(&event);
    let mut response = Redirect::to(console_page(&form.return_to)).into_response();
    let lifetime = operators::LIFETIME.unsigned_abs();
    guard::append(&mut response, set_cookie(OPERATOR, &cookie, lifetime));
    Ok(response)
}

/// Something that an operator does, written down together with it.
fn event(code: Code, name: &str, address: ClientAddress, now: i64) -> Event {
    Event {
        at: now,
        code,
        actor: name.to_owned(),
        address: address.key(),
        detail: String::new(),
    }
}

#[derive(Deserialize)]
pub(super) struct Empty {}

/// `POST /operator/logout`.
pub(super) async fn sign_out(
    State(ledgerline): State<Arc<Ledgerline>>,
    address: ClientAddress,
    headers: HeaderMap,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    if let Some(cookie) = Cookies::read(&headers).one(OPERATOR) {
        let now = ledgerline.now();
        let mut write = database::write(&ledgerline.db).await?;
        if let Some(operator) = operators::end_session(&mut *write, cookie, now).await? {
            let event = event(Code::SignedOut, &operator.name, address, now);
            operator_events::record_in(&mut write, &event).await?;
            operator_events::announce(&event);
        }
        write.commit().await?;
    }
    let mut response = Redirect::to("/operator/login").into_response();
    guard::forget(&mut response, OPERATOR);
    Ok(response)
}
