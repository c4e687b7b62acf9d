//! Which path is answered by what, and what every answer has in common.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};

use super::{
    Endpoint, Switch, authorize,
    change::{Change, change_answer},
    console, dashboard, logout, metadata,
    org::Org,
    page::STYLE,
    refusal::Refusal,
    sign_in, token,
};

/// Okta's limits are per minute; this one is told, never enforced.
const RATE_LIMIT: u64 = 2000;
const RATE_WINDOW: u64 = 60;

const MAX_BODY: usize = 64 * 1024;

pub(super) fn router(org: Arc<Org>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::metadata))
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::metadata),
        )
        .nest("/oauth2/v1", endpoints())
        .route(
            "/oauth2/{server}/.well-known/openid-configuration",
            get(metadata::metadata),
        )
        // RFC 8414 3.1: between the host and the issuer's path.
        .route(
            "/.well-known/oauth-authorization-server/oauth2/{server}",
            get(metadata::metadata),
        )
        .nest("/oauth2/{server}/v1", endpoints())
        .route("/signin", get(sign_in::show))
        .route("/signin/username", post(sign_in::username))
        .route("/signin/password", post(sign_in::password))
        .route("/signout", post(sign_in::sign_out))
        .route("/", get(|| async { Redirect::to(dashboard::HOME) }))
        .route(dashboard::HOME, get(dashboard::show))
        .route("/home/oidc_client/{client_id}", get(dashboard::launch))
        .route("/admin", get(console::apps))
        .route("/admin/app/{client_id}", get(console::general))
        .route("/admin/app/{client_id}/sign-on", get(console::sign_on))
        .route(
            "/admin/app/{client_id}/secrets",
            post(console::change_secret),
        )
        .route(
            "/admin/app/{client_id}/issuer",
            post(console::change_issuer),
        )
        .route(
            "/admin/app/{client_id}/client-authentication",
            post(console::authenticate_by),
        )
        .route(
            "/admin/app/{client_id}/assignments",
            get(console::assignments).post(console::assign),
        )
        .route(
            "/admin/api",
            get(console::servers).post(console::change_server),
        )
        .route("/admin/keys", get(console::keys).post(console::rotate))
        .route(
            "/admin/switches",
            get(console::switches).post(console::switch),
        )
        .route(
            "/style.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }),
        )
        .fallback(|| async {
            Refusal::envelope(
                StatusCode::NOT_FOUND,
                "E0000008",
                "The requested path was not found",
            )
        })
        .method_not_allowed_fallback(|| async {
            Refusal::envelope(
                StatusCode::METHOD_NOT_ALLOWED,
                "E0000022",
                "The endpoint does not support the provided HTTP method",
            )
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&org), observe))
        .with_state(org)
}

/// Those of an authorization server. [`Server`](super::issuer::Server) says which.
fn endpoints() -> Router<Arc<Org>> {
    Router::new()
        .route("/keys", get(metadata::keys))
        .route("/authorize", get(authorize::authorize))
        .route("/par", post(authorize::push))
        .route("/token", post(token::token))
        .route("/userinfo", get(token::userinfo).post(token::userinfo))
        .route("/revoke", post(token::revoke))
        .route("/logout", get(logout::logout))
}

/// Counts, delays and dresses every answer.
async fn observe(State(org): State<Arc<Org>>, request: Request, next: Next) -> Response {
    let endpoint = endpoint(request.uri().path());
    if let Some(endpoint) = endpoint {
        org.requests.count(endpoint);
        if asked_by_the_product(endpoint) && org.switches.is_on(Switch::SlowAnswers) {
            tokio::time::sleep(org.config.delay).await;
        }
    } else if request.method() == Method::POST && comes_from_elsewhere(request.headers()) {
        return Refusal::envelope(
            StatusCode::FORBIDDEN,
            "E0000006",
            "You do not have permission to perform the requested action",
        )
        .into_response();
    }
    let mut response = answer(&org, endpoint, request, next).await;
    let limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    // By the clock that the tokens are made by: a product measures the difference to its own with it.
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(org.now()));
    if let Ok(date) = HeaderValue::try_from(date) {
        headers.insert(header::DATE, date);
    }
    if let Some(endpoint) = endpoint.filter(|endpoint| is_rate_limited(*endpoint)) {
        let now = org.now();
        let used = org.requests.of(endpoint);
        let (remaining, reset) = if limited {
            (0, now.saturating_add(30))
        } else {
            (
                RATE_LIMIT.saturating_sub(used % RATE_LIMIT),
                (now / RATE_WINDOW + 1) * RATE_WINDOW,
            )
        };
        for (name, value) in [
            ("x-rate-limit-limit", RATE_LIMIT),
            ("x-rate-limit-remaining", remaining),
            ("x-rate-limit-reset", reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    response
}

/// The answer of whatever the path leads to, as the switches want it.
async fn answer(org: &Org, endpoint: Option<Endpoint>, request: Request, next: Next) -> Response {
    let mut changes = Vec::new();
    for change in org.switches.changes() {
        match change {
            Change::Instead(at, instead) if Some(at) == endpoint => return instead(),
            Change::Answer(at, change) if Some(at) == endpoint => changes.push(change),
            _ => {}
        }
    }
    change_answer(next.run(request).await, &changes).await
}

/// A form that another site sends here. Browsers tell; programs need not.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn endpoint(path: &str) -> Option<Endpoint> {
    if path.contains("/.well-known/") {
        return Some(Endpoint::Metadata);
    }
    let (_, name) = path.strip_prefix("/oauth2/")?.split_once("v1/")?;
    Some(match name {
        "keys" => Endpoint::Keys,
        "authorize" => Endpoint::Authorize,
        "par" => Endpoint::Par,
        "token" => Endpoint::Token,
        "userinfo" => Endpoint::UserInfo,
        "revoke" => Endpoint::Revoke,
        "logout" => Endpoint::Logout,
        _ => return None,
    })
}

fn asked_by_the_product(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Metadata | Endpoint::Keys | Endpoint::Token | Endpoint::UserInfo
    )
}

/// Okta: metadata and keys are not.
fn is_rate_limited(endpoint: Endpoint) -> bool {
    !matches!(endpoint, Endpoint::Metadata | Endpoint::Keys)
}
