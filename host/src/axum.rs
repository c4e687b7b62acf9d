//! Routes of a sign-in for platforms on axum: `GET /start` and `GET /callback`, to be nested where the
//! platform likes.
//!
//! Each attempt has a cookie of its own, `__Host-sso-HANDLE`, so that several tabs sign in at once; one
//! redirect URI serves all tenants, because the handle leads to the connection. `Host` and forwarding headers
//! are never read: addresses come from the connection. A start from another site leads to a sign-in and to
//! nothing else.

mod cookies;
mod platform;
mod return_to;

use std::sync::Arc;

use ::axum::Router;
use ::axum::extract::{RawQuery, State};
use ::axum::http::request::Parts;
use ::axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use url::form_urlencoded;

pub use self::cookies::{Cookies, set as set_cookie};
pub use self::platform::{Attempt, Platform, Refusal, Unavailable};
pub use self::return_to::return_to;
use crate::contract::{Callback, Connection, LoginError, LoginRequest, Prompt};
use crate::{CallError, Plugin, StorageKey};

/// The name of an attempt's cookie, before its handle.
const COOKIE: &str = "__Host-sso-";
/// How long an attempt can be completed, in seconds; the contract's own.
const LIFETIME: u32 = 600;
/// The most attempts that one browser may have open; a start beyond them ends the others.
const PENDING: usize = 8;
/// What a handle's entry in the host's storage is for.
const ENTRY: &str = "attempt";

/// What an attempt was begun for; stored with it, so that no request can turn one into the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    SignIn,
    Rehearsal,
}

impl Purpose {
    /// The first byte of the stored entry; the connection's id follows.
    const fn tag(self) -> u8 {
        match self {
            Self::SignIn => b's',
            Self::Rehearsal => b'r',
        }
    }

    const fn of(tag: u8) -> Option<Self> {
        match tag {
            b's' => Some(Self::SignIn),
            b'r' => Some(Self::Rehearsal),
            _ => None,
        }
    }
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

    /// `GET /start?tenant=…&return_to=…&login_hint=…&prompt=login` and `GET /callback`; other parameters, values of
    /// `prompt` and methods do nothing.
    ///
    /// With `prompt=login` the provider asks who is there, even if it knows. Link it where a refused person may want to
    /// come as somebody else: without it the provider goes on answering with the one whom it knows.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/start", get(start::<P>))
            .route("/callback", get(callback::<P>))
            .with_state(self)
    }
}

async fn start<P: Platform>(
    State(this): State<Arc<SignIn<P>>>,
    RawQuery(query): RawQuery,
    request: Parts,
) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |name: &str| parameter(&query, name);
    let tenant = parameter("tenant").unwrap_or_default();
    let asked = parameter("return_to").unwrap_or_default();
    let wanted = LoginRequest {
        login_hint: parameter("login_hint").filter(|hint| is_hint(hint)),
        return_to: Some(return_to(&asked, &this.never).to_owned()),
        prompt: prompt(&query),
    };
    let reference = this.reference();
    let span = span(reference.as_deref().unwrap_or_default());
    let started = this.start(&request, &tenant, &wanted, reference);
    started.instrument(span).await
}

/// Around what is done, and logged, for one request of an attempt. It carries the number that the person is shown when
/// nothing comes of it; the connection is added once it is known. Of the highest level, so that it is there whatever is
/// logged.
fn span(correlation_id: &str) -> Span {
    tracing::error_span!("sign_in", correlation_id, connection = Empty)
}

/// The first value that a query has for this name.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}

/// [`Prompt::Login`] for a query with `prompt=login`, and none for any other.
///
/// A person's wish, and no proof: the browser can leave it away, so nothing may rest on it. `prompt=none` is no wish that a
/// link could have: the provider's answer to it would be a refusal that nobody understands.
#[must_use]
pub fn prompt(query: &str) -> Option<Prompt> {
    (parameter(query, "prompt")? == "login").then_some(Prompt::Login)
}

/// What a person may have typed to be found; anything else is not passed on.
fn is_hint(text: &str) -> bool {
    (1..=256).contains(&text.len()) && !text.contains(char::is_control)
}

/// Begins an attempt, and answers with the way to the provider.
async fn begin(
    plugin: &Plugin,
    headers: &HeaderMap,
    connection: &Connection,
    wanted: &LoginRequest,
    purpose: Purpose,
) -> Result<(String, Response), CallError<LoginError>> {
    let redirect = plugin.begin(connection, wanted).await?;
    let key = StorageKey::host(ENTRY, redirect.handle.as_bytes());
    let key = key.on_behalf_of(&connection.id);
    let entry = [&[purpose.tag()], connection.id.as_bytes()].concat();
    let capabilities = plugin.capabilities();
    let stored = capabilities
        .storage
        .put_if_absent(&key, &entry, capabilities.clock.now(), LIFETIME)
        .await
        .map_err(|_| CallError::Answer(LoginError::StorageUnavailable))?;
    // Two of 128 random bits do not meet: whoever drew this one drew it twice.
    if !stored {
        return Err(CallError::Answer(LoginError::RandomnessUnavailable));
    }
    tracing::info!(handle = redirect.handle, "sign-in begun"); // the number of its callback
    let mut response = (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, redirect.url.as_str())],
    )
        .into_response();
    let name = [COOKIE, &redirect.handle].concat();
    append(
        &mut response,
        set_cookie(&name, &redirect.browser_binding, u64::from(LIFETIME)),
    );
    // Abandoned attempts would pile up until the browser's header is refused.
    let cookies = Cookies::read(headers);
    let open: Vec<_> = cookies.names(COOKIE).collect();
    if open.len() >= PENDING {
        for name in open {
            append(&mut response, set_cookie(name, "", 0));
        }
    }
    Ok((redirect.handle, private(response)))
}

async fn callback<P: Platform>(
    State(this): State<Arc<SignIn<P>>>,
    RawQuery(query): RawQuery,
    request: Parts,
) -> Response {
    let query = query.unwrap_or_default();
    match this.plugin.locate(&query).await {
        Ok(handle) => {
            let span = span(&handle);
            this.answer(&request, handle, query).instrument(span).await
        }
        Err(error) => {
            let refusal = Refusal::Call(error);
            private(this.platform.refused(&request, None, refusal).await)
        }
    }
}

impl<P: Platform> SignIn<P> {
    /// Begins a test sign-in: to the provider like any other, but its callback ends in [`Platform::rehearsed`]
    /// and never in a session. The callback finds the connection by [`Platform::draft`], so that one which is
    /// not in use yet can be tried. `prompt` as in [`LoginRequest`]: [`prompt()`] reads it from a link.
    ///
    /// Gives the attempt's handle, by which [`Platform::rehearsed`] will name it, and where to send the browser.
    /// Answer a GET with it: a browser that applies `form-action` does not follow a form to the provider.
    ///
    /// # Errors
    ///
    /// Those of [`Plugin::begin`].
    pub async fn rehearse(
        &self,
        headers: &HeaderMap,
        connection: &Connection,
        prompt: Option<Prompt>,
    ) -> Result<(String, Response), CallError<LoginError>> {
        let wanted = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt,
        };
        let span = span(&self.reference().unwrap_or_default());
        span.record("connection", &connection.id);
        let begun = begin(
            &self.plugin,
            headers,
            connection,
            &wanted,
            Purpose::Rehearsal,
        );
        begun.instrument(span).await
    }

    /// The way to the provider of a tenant, or what the person is told instead.
    async fn start(
        &self,
        request: &Parts,
        tenant: &str,
        wanted: &LoginRequest,
        reference: Option<String>,
    ) -> Response {
        let found = self.platform.connection_of_tenant(tenant).await;
        let found = found
            .map_err(Refusal::from)
            .and_then(|found| found.ok_or(Refusal::NoConnection));
        let connection = match found {
            Ok(connection) => connection,
            Err(refusal) => return private(self.platform.refused(request, None, refusal).await),
        };
        Span::current().record("connection", &connection.id);
        let plugin = match &reference {
            Some(reference) => self.plugin.for_attempt(reference),
            None => self.plugin.clone(),
        };
        let (headers, purpose) = (&request.headers, Purpose::SignIn);
        match begin(&plugin, headers, &connection, wanted, purpose).await {
            Ok((_, response)) => response,
            Err(error) => {
                let refusal = Refusal::NotBegun {
                    connection: Box::new(connection),
                    reference,
                    error,
                };
                private(self.platform.refused(request, None, refusal).await)
            }
        }
    }

    /// A name for an attempt that may not come so far as to have a handle.
    fn reference(&self) -> Option<String> {
        let mut bytes = [0; 16];
        let random = &self.plugin.capabilities().random;
        random.fill(&mut bytes).ok()?;
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What comes of a callback with this handle.
    async fn answer(&self, request: &Parts, handle: String, query: String) -> Response {
        let (attempt, purpose) = match self.attempt(handle).await {
            Ok(found) => found,
            Err(refusal) => return private(self.platform.refused(request, None, refusal).await),
        };
        let name = [COOKIE, &attempt.handle].concat();
        let browser_binding = Cookies::read(&request.headers).one(&name);
        let callback = Callback {
            query,
            browser_binding: browser_binding.map(str::to_owned),
        };
        let mut response = self.finish(request, &attempt, purpose, callback).await;
        append(&mut response, set_cookie(&name, "", 0));
        private(response)
    }

    /// What comes of a callback whose attempt is known.
    async fn finish(
        &self,
        request: &Parts,
        attempt: &Attempt,
        purpose: Purpose,
        callback: Callback,
    ) -> Response {
        let platform = &self.platform;
        let plugin = self.plugin.for_attempt(&attempt.handle);
        match purpose {
            Purpose::SignIn => match plugin.complete(&attempt.connection, &callback).await {
                Ok(signed_in) => platform.signed_in(request, attempt, signed_in).await,
                Err(error) => {
                    let refusal = Refusal::Call(error);
                    platform.refused(request, Some(attempt), refusal).await
                }
            },
            Purpose::Rehearsal => {
                let rehearsal = plugin.rehearse(&attempt.connection, &callback).await;
                platform.rehearsed(request, attempt, rehearsal).await
            }
        }
    }

    /// The attempt that a callback belongs to, by its handle.
    async fn attempt(&self, handle: String) -> Result<(Attempt, Purpose), Refusal> {
        let answer = |error| Refusal::Call(CallError::Answer(error));
        let capabilities = self.plugin.capabilities();
        let key = StorageKey::host(ENTRY, handle.as_bytes());
        let entry = capabilities
            .storage
            .get(&key, capabilities.clock.now())
            .await
            .map_err(|_| answer(LoginError::StorageUnavailable))?;
        let (purpose, id) = entry
            .as_deref()
            .and_then(|entry| entry.split_first())
            .and_then(|(tag, id)| Some((Purpose::of(*tag)?, str::from_utf8(id).ok()?)))
            .ok_or_else(|| answer(LoginError::TransactionNotFound))?;
        Span::current().record("connection", id);
        let connection = match purpose {
            Purpose::SignIn => self.platform.connection(id).await?,
            Purpose::Rehearsal => self.platform.draft(id).await?,
        };
        // Switched off since: as changed as a connection can be.
        let connection = connection.ok_or_else(|| answer(LoginError::ConnectionChanged))?;
        Ok((Attempt { handle, connection }, purpose))
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
