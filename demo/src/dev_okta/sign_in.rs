//! The sign-in page: first the username, then the password.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use url::Url;

use super::{
    authorize::grant,
    org::{Org, Session, SignIn, Then},
    page::{self, PasswordPage, UsernamePage, found, see_other},
    parameters::Parameters,
};

/// Shows the step that comes next.
pub(super) async fn show(State(org): State<Arc<Org>>, RawQuery(query): RawQuery) -> Response {
    let query = Parameters::parse(query.unwrap_or_default().as_bytes());
    let token = query.get("token").unwrap_or_default();
    let now = org.now();
    let sign_in = org.state().sign_ins.read(now, token);
    match sign_in {
        Some(sign_in) => step(&org, token, &sign_in, StatusCode::OK, None),
        None => expired(&org),
    }
}

/// Takes the username.
pub(super) async fn username(State(org): State<Arc<Org>>, body: Bytes) -> Response {
    let form = Parameters::parse(&body);
    let now = org.now();
    let token = form.get("token").unwrap_or_default();
    // Read, not taken: the browser's Back button comes here again.
    let pending = org.state().sign_ins.read(now, token);
    let Some(sign_in) = pending else {
        return expired(&org);
    };
    let login = form.get("username").map(|login| login.trim().to_owned());
    let name = org.state().sign_ins.hold(now, SignIn { login, ..sign_in });
    see_other(&format!("/signin?token={name}"))
}

/// Takes the password and goes on where the sign-in came from.
pub(super) async fn password(
    State(org): State<Arc<Org>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Parameters::parse(&body);
    let now = org.now();
    let token = form.get("token").unwrap_or_default();
    let pending = org.state().sign_ins.read(now, token);
    let Some(sign_in) = pending else {
        return expired(&org);
    };
    let login = sign_in.login.as_deref().unwrap_or_default();
    let Some(person) = org.authenticate(login, form.get("password").unwrap_or_default()) else {
        return step(
            &org,
            token,
            &sign_in,
            StatusCode::UNAUTHORIZED,
            Some("Unable to sign in"),
        );
    };
    org.end_session(&headers);
    let session = Session {
        login: person.login.clone(),
        since: now,
    };
    let name = {
        let mut state = org.state();
        state.sign_ins.take(now, token);
        state.sessions.hold(now, session.clone())
    };
    let mut response = match sign_in.then {
        Then::Authorize(request) => grant(&org, *request, person, session),
        Then::Page(path) => see_other(&path),
    };
    if let Ok(cookie) = HeaderValue::from_str(&org.session_cookie(&name)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Ends the session from the dashboard.
pub(super) async fn sign_out(State(org): State<Arc<Org>>, headers: HeaderMap) -> Response {
    org.end_session(&headers);
    page::signed_out(&org)
}

/// Sends the browser to the sign-in page and from there to `path`.
pub(super) fn first(org: &Org, path: &str) -> Response {
    let now = org.now();
    let sign_in = SignIn {
        login: None,
        then: Then::Page(path.to_owned()),
    };
    let name = org.state().sign_ins.hold(now, sign_in);
    found(&format!("/signin?token={name}"))
}

fn step(
    org: &Org,
    token: &str,
    sign_in: &SignIn,
    status: StatusCode,
    error: Option<&str>,
) -> Response {
    let organisation = &org.config.organisation;
    let (hint, app, target) = match &sign_in.then {
        Then::Authorize(request) => (
            request.login_hint.as_deref(),
            org.client(&request.client_id)
                .map(|client| client.app_name.as_str()),
            Url::parse(&request.redirect_uri).ok(),
        ),
        Then::Page(_) => (None, None, None),
    };
    // A browser applies form-action to the redirects after a form, too: the last one leaves here.
    let target = target.map(|url| url.origin().ascii_serialization());
    match sign_in.login.as_deref() {
        None => page::render(
            status,
            &UsernamePage {
                organisation,
                app,
                token,
                hint: hint.unwrap_or_default(),
            },
            target.as_deref(),
        ),
        Some(login) => page::render(
            status,
            &PasswordPage {
                organisation,
                app,
                token,
                login,
                error,
            },
            target.as_deref(),
        ),
    }
}

fn expired(org: &Org) -> Response {
    page::failure(
        org,
        StatusCode::BAD_REQUEST,
        "request_expired",
        "Request expired, please start over and try again.",
    )
}
