//! Routes of a sign-in for platforms on axum: `GET /start` and `GET /callback`, to be nested where the
//! platform likes.
//!
//! Each attempt has a cookie of its own, `__Host-sso-HANDLE`, so that several tabs sign in at once; one
//! redirect URI serves all tenants, because the handle leads to the connection. `Host` and forwarding headers
//! are never read: addresses come from the connection. A start from another site leads to a sign-in and to
//! nothing else.

mod cookies;
mod return_to;

use std::sync::Arc;

use ::axum::Router;
use ::axum::extract::{RawQuery, State};
use ::axum::http::request::Parts;
use ::axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::get;
use async_trait::async_trait;
use url::form_urlencoded;

use self::cookies::Cookies;
pub use self::return_to::return_to;
use crate::contract::{Callback, Connection, LoginError, LoginRequest, SignedIn};
use crate::{CallError, Plugin, StorageKey};

/// The name of an attempt's cookie, before its handle.
const COOKIE: &str = "__Host-sso-";
/// How long an attempt can be completed, in seconds; the contract's own.
const LIFETIME: u32 = 600;
/// The most attempts that one browser may have open; a start beyond them ends the others.
const PENDING: usize = 8;
/// What a handle's entry in the host's storage is for.
const PURPOSE: &str = "attempt";

/// What the platform adds: its connections, its sessions and its pages.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// The active connection of a tenant, to start with; none for an unknown tenant or one without.
    async fn connection_of_tenant(&self, tenant: &str) -> Option<Connection>;

    /// The same connection at the callback, read again: none when it is no longer active.
    async fn connection(&self, id: &str) -> Option<Connection>;

    /// Someone is vouched for. Find the user, open a session with a fresh id, and redirect to
    /// `signed_in.return_to`, which was checked when the attempt began.
    async fn signed_in(&self, request: &Parts, attempt: &Attempt, signed_in: SignedIn) -> Response;

    /// Nobody is signed in. `attempt` is none where the callback belongs to no known one.
    async fn refused(
        &self,
        request: &Parts,
        attempt: Option<&Attempt>,
        refusal: Refusal,
    ) -> Response;
}

/// One attempt to sign in, as the platform may show and record it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Names the attempt in pages, logs and the administrator's history; not secret.
    pub handle: String,
    /// What it was made under.
    pub connection: Connection,
}

/// Why nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such tenant, or it has no active connection.
    NoConnection,
    /// The component's answer, a limit, or a fault.
    Call(CallError<LoginError>),
}

/// What the routes share.
pub struct SignIn<P> {
    plugin: Plugin,
    platform: P,
    never: Vec<String>,
}

impl<P: Platform> SignIn<P> {
    /// Serves sign-ins of `platform` with `plugin`.
    #[must_use]
    pub const fn new(plugin: Plugin, platform: P) -> Self {
        Self {
            plugin,
            platform,
            never: Vec::new(),
        }
    }

    /// Paths to which nobody is sent after signing in: those that sign out, or start again.
    #[must_use]
    pub fn never_return_to(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.never.extend(paths);
        self
    }

    /// `GET /start?tenant=…&return_to=…` and `GET /callback`; other parameters and methods do nothing.
    pub fn router(self) -> Router {
        Router::new()
            .route("/start", get(start::<P>))
            .route("/callback", get(callback::<P>))
            .with_state(Arc::new(self))
    }
}

async fn start<P: Platform>(
    State(this): State<Arc<SignIn<P>>>,
    RawQuery(query): RawQuery,
    request: Parts,
) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.into_owned())
    };
    let tenant = parameter("tenant").unwrap_or_default();
    let Some(connection) = this.platform.connection_of_tenant(&tenant).await else {
        return private(
            this.platform
                .refused(&request, None, Refusal::NoConnection)
                .await,
        );
    };
    let asked = parameter("return_to").unwrap_or_default();
    match this.begin(&request.headers, &connection, &asked).await {
        Ok(response) => private(response),
        Err(error) => {
            let refusal = Refusal::Call(error);
            private(this.platform.refused(&request, None, refusal).await)
        }
    }
}

async fn callback<P: Platform>(
    State(this): State<Arc<SignIn<P>>>,
    RawQuery(query): RawQuery,
    request: Parts,
) -> Response {
    let query = query.unwrap_or_default();
    let (attempt, outcome) = this.complete(&request.headers, query).await;
    let mut response = match (&attempt, outcome) {
        (Some(attempt), Ok(signed_in)) => {
            this.platform.signed_in(&request, attempt, *signed_in).await
        }
        (attempt, outcome) => {
            let error = outcome
                .err()
                .unwrap_or(CallError::Answer(LoginError::TransactionNotFound));
            this.platform
                .refused(&request, attempt.as_ref(), Refusal::Call(error))
                .await
        }
    };
    if let Some(attempt) = attempt {
        let name = [COOKIE, &attempt.handle].concat();
        append(&mut response, cookies::set(&name, "", 0));
    }
    private(response)
}

impl<P: Platform> SignIn<P> {
    async fn begin(
        &self,
        headers: &HeaderMap,
        connection: &Connection,
        asked: &str,
    ) -> Result<Response, CallError<LoginError>> {
        let request = LoginRequest {
            login_hint: None,
            return_to: Some(return_to(asked, &self.never).to_owned()),
            prompt: None,
        };
        let redirect = self.plugin.begin(connection, &request).await?;
        let key = StorageKey::host(PURPOSE, redirect.handle.as_bytes());
        let capabilities = self.plugin.capabilities();
        capabilities
            .storage
            .put_if_absent(
                &key,
                connection.id.as_bytes(),
                capabilities.clock.now(),
                LIFETIME,
            )
            .await
            .map_err(|_| CallError::Answer(LoginError::StorageUnavailable))?;
        let mut response = (
            StatusCode::SEE_OTHER,
            [(header::LOCATION, redirect.url.as_str())],
        )
            .into_response();
        let name = [COOKIE, &redirect.handle].concat();
        append(
            &mut response,
            cookies::set(&name, &redirect.browser_binding, u64::from(LIFETIME)),
        );
        // Abandoned attempts would pile up until the browser's header is refused.
        let cookies = Cookies::read(headers);
        let open: Vec<_> = cookies.names(COOKIE).collect();
        if open.len() >= PENDING {
            for name in open {
                append(&mut response, cookies::set(name, "", 0));
            }
        }
        Ok(response)
    }

    /// The attempt that a callback belongs to, where there is one, and what came of it.
    async fn complete(
        &self,
        headers: &HeaderMap,
        query: String,
    ) -> (
        Option<Attempt>,
        Result<Box<SignedIn>, CallError<LoginError>>,
    ) {
        let handle = match self.plugin.locate(&query).await {
            Ok(handle) => handle,
            Err(error) => return (None, Err(error)),
        };
        let attempt = match self.attempt(handle).await {
            Ok(attempt) => attempt,
            Err(error) => return (None, Err(CallError::Answer(error))),
        };
        let name = [COOKIE, &attempt.handle].concat();
        let browser_binding = Cookies::read(headers).one(&name).map(str::to_owned);
        let callback = Callback {
            query,
            browser_binding,
        };
        let outcome = self.plugin.complete(&attempt.connection, &callback).await;
        (Some(attempt), outcome.map(Box::new))
    }

    async fn attempt(&self, handle: String) -> Result<Attempt, LoginError> {
        let capabilities = self.plugin.capabilities();
        let key = StorageKey::host(PURPOSE, handle.as_bytes());
        let id = capabilities
            .storage
            .get(&key, capabilities.clock.now())
            .await
            .map_err(|_| LoginError::StorageUnavailable)?
            .and_then(|id| String::from_utf8(id).ok())
            .ok_or(LoginError::TransactionNotFound)?;
        let connection = self.platform.connection(&id).await;
        // Switched off since: as changed as a connection can be.
        let connection = connection.ok_or(LoginError::ConnectionChanged)?;
        Ok(Attempt { handle, connection })
    }
}

fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Codes and states stand in these addresses: kept by no cache, told to no other site.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
