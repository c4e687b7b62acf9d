//! The product's side of signing in with Okta: its connections, its sessions and its refusals.
//!
//! What the person reads comes from the plugin's `messages`; the administrator finds the reason in the history,
//! under the number that the page shows.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use async_trait::async_trait;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::CallError;
use okta_sso_host::Coded;
use okta_sso_host::axum::{Attempt, Platform, Refusal, Unavailable, return_to, set_cookie};
use okta_sso_host::contract::{Connection, LoginError, Rehearsal, SignedIn};
use tokio::time::timeout;
use url::form_urlencoded;

use super::NEVER_RETURN_TO;
use super::address::ClientAddress;
use super::guard::{self, Visit};
use super::login::{self, REMEMBERED, with_query};
use super::page::{self, Failure, Layout};
use super::settings;
use crate::connections::{self, Saved};
use crate::credentials;
use crate::domains;
use crate::history::Event;
use crate::ledgerline::{ConnectError, Ledgerline};
use crate::operator_events::Code;
use crate::sessions::Provider;
use crate::sign_in::Vouched;
use crate::sign_in::entry::{Entered, Entry};
use crate::{tenants, token};

/// How long a browser remembers which company signs in here: 180 days.
const REMEMBER: u64 = 180 * 24 * 60 * 60;

/// Ledgerline as the ready-made routes see it.
pub(super) struct Okta(Arc<Ledgerline>);

impl Okta {
    pub(super) fn new(ledgerline: Arc<Ledgerline>) -> Self {
        Self(ledgerline)
    }

    /// The connection with this id, where people sign in by it.
    async fn active(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        let db = &self.0.db;
        let connected = async {
            let Some((saved, domains)) = domains::with_connection(db, id).await? else {
                return Ok(None);
            };
            let connection = self.0.connect_active(&saved, domains).await?;
            let opens = credentials::opens(db, &self.0.seal, &saved).await?;
            Ok(connection.map(|connection| (saved, connection, opens)))
        };
        let connected = timeout(PROMPTLY, connected).await.map_err(|_| {
            tracing::error!("the database does not say in time what a connection is");
            Unavailable
        })?;
        match usable(connected)? {
            Some((saved, _, false)) => {
                self.tell_of_secret(&saved.tenant).await;
                Err(Unavailable)
            }
            found => Ok(found.map(|(_, connection, _)| connection)),
        }
    }

    /// A row that was copied from another, or changed, is nothing that a person or Okta can mend.
    async fn tell_of_secret(&self, tenant: &str) {
        let Ok(correlation_id) = token::name() else {
            return; // without random bytes nobody signs in either
        };
        let event = Event {
            at: self.0.now(),
            code: "fault/secret".to_owned(),
            correlation_id,
            actor: String::new(),
            detail: String::new(),
        };
        self.0.record(tenant, &event).await;
    }
}

/// A connection that was made of what is stored. None when the plugin does not take it, which another try would not change.
fn usable<T>(connected: Result<Option<T>, ConnectError>) -> Result<Option<T>, Unavailable> {
    connected.or_else(|error| {
        tracing::error!(%error, "a connection cannot be used");
        match error {
            ConnectError::Check(CallError::Answer(_)) => Ok(None),
            ConnectError::Check(_) | ConnectError::Database(_) => Err(Unavailable),
        }
    })
}

/// How long the database may take to say what a company's connection is.
const PROMPTLY: Duration = Duration::from_secs(2);

#[async_trait]
impl Platform for Okta {
    async fn connection_of_tenant(&self, tenant: &str) -> Result<Option<Connection>, Unavailable> {
        self.active(&Saved::id_of(tenant)).await
    }

    async fn connection(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        self.active(id).await
    }

    async fn draft(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        usable(settings::connection_of_draft(&self.0, id).await)
    }

    async fn rehearsed(
        &self,
        request: &Parts,
        attempt: &Attempt,
        rehearsal: Result<Rehearsal, CallError<Infallible>>,
    ) -> Response {
        let finished = async {
            let rehearsal = rehearsal.map_err(|fault| Failure::Fault(fault.to_string()))?;
            let visit = Visit::of(&self.0, &request.headers).await?;
            settings::finish(&self.0, &visit, &attempt.handle, &rehearsal).await
        };
        finished.await.unwrap_or_else(IntoResponse::into_response)
    }

    async fn signed_in(&self, request: &Parts, attempt: &Attempt, signed_in: SignedIn) -> Response {
        match self.admit(request, attempt, &signed_in).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(),
        }
    }

    async fn refused(
        &self,
        request: &Parts,
        attempt: Option<&Attempt>,
        refusal: Refusal,
    ) -> Response {
        let handle = attempt.map(|attempt| attempt.handle.as_str());
        let (connection, handle, error) = match &refusal {
            Refusal::Unavailable => {
                self.0.metrics.sign_in(CANNOT_TELL);
                return cannot_tell().into_response();
            }
            Refusal::NoConnection => (None, handle, None),
            Refusal::NotBegun {
                connection,
                reference,
                error,
            } => (Some(&**connection), reference.as_deref(), Some(error)),
            Refusal::Call(error) => {
                let connection = attempt.map(|attempt| &attempt.connection);
                (connection, handle, Some(error))
            }
        };
        let refused = Refused {
            code: &error.map_or_else(|| NO_CONNECTION.to_owned(), code_of),
            detail: error.map(detail_of).unwrap_or_default(),
            status: error.map_or(StatusCode::NOT_FOUND, status_of),
            actor: error.and_then(address_of).unwrap_or_default(),
            connection: connection.map(|connection| connection.id.as_str()),
            handle,
            came_back: attempt.is_some(),
        };
        let wait = error.and_then(wait);
        let mut response = self
            .refuse(request, refused)
            .await
            .unwrap_or_else(IntoResponse::into_response);
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// There is nobody to ask at this company: our own code, since the plugin never saw the request.
const NO_CONNECTION: &str = "refused/no-connection";

/// The database does not say whether there is anybody: counted, and in no history, which it would not take either.
const CANNOT_TELL: &str = "fault/database";

/// Why somebody does not come in.
struct Refused<'a> {
    code: &'a str,
    /// For the administrator.
    detail: String,
    status: StatusCode,
    /// The e-mail that the provider vouched for, if it came so far.
    actor: &'a str,
    connection: Option<&'a str>,
    /// Of the attempt, or what stands for it.
    handle: Option<&'a str>,
    /// The person came back from Okta, which goes on answering with the one whom it knows.
    came_back: bool,
}

impl Okta {
    /// The provider vouches for somebody: is it one of ours?
    async fn admit(
        &self,
        request: &Parts,
        attempt: &Attempt,
        signed_in: &SignedIn,
    ) -> Result<Response, Failure> {
        let identity = &signed_in.identity;
        let vouched = Vouched {
            issuer: &identity.issuer,
            subject: &identity.subject,
            email: &identity.email,
        };
        let visit = Visit::of(&self.0, &request.headers).await?;
        let entry = Entry {
            seal: &self.0.seal,
            before: visit.cookie.as_deref(),
            correlation_id: &attempt.handle,
            times: self.0.session_times(),
        };
        let provider = Provider {
            connection_id: &attempt.connection.id,
            logout_hint: &signed_in.logout_hint,
        };
        match entry.by_okta(&self.0.db, provider, vouched).await? {
            Ok(entered) => Ok(self.welcome(signed_in, &entered)),
            Err(refusal) => {
                let refused = Refused {
                    code: refusal.code(),
                    detail: String::new(),
                    status: StatusCode::FORBIDDEN,
                    actor: &identity.email,
                    connection: Some(&attempt.connection.id),
                    handle: Some(&attempt.handle),
                    came_back: true,
                };
                self.refuse(request, refused).await
            }
        }
    }

    fn welcome(&self, signed_in: &SignedIn, entered: &Entered) -> Response {
        let tenant = &entered.user.tenant;
        for event in &entered.events {
            self.0.announce(tenant, event);
        }
        self.0.throttles.give_start_back(tenant);
        // It was checked when the attempt began, and it is cheap to be sure.
        let asked = signed_in.return_to.as_deref().unwrap_or("/");
        let mut response = Redirect::to(return_to(asked, &NEVER_RETURN_TO)).into_response();
        guard::keep_session(&self.0, &mut response, &entered.cookie);
        guard::append(&mut response, set_cookie(REMEMBERED, tenant, REMEMBER));
        response
    }

    /// The page says what to do and a number; the reason goes into the tenant's history under that number, where it is known
    /// which tenant's it is.
    async fn refuse(&self, request: &Parts, refused: Refused<'_>) -> Result<Response, Failure> {
        let visit = Visit::of(&self.0, &request.headers).await?;
        let correlation_id = match refused.handle {
            Some(handle) => handle.to_owned(),
            None => token::name()?,
        };
        let tenant = match refused.connection {
            Some(id) => connections::find(&self.0.db, id)
                .await?
                .map(|saved| saved.tenant),
            None => None,
        };
        // Whatever the reason is, so that the page does not tell it.
        let as_somebody_else = tenant
            .as_deref()
            .filter(|_| refused.came_back)
            .map(|tenant| {
                with_query(
                    "/sso/okta/start",
                    &[("tenant", tenant), ("prompt", "login")],
                )
            });
        let recorded = match tenant {
            Some(tenant) => {
                let event = Event {
                    at: self.0.now(),
                    code: refused.code.to_owned(),
                    correlation_id: correlation_id.clone(),
                    actor: refused.actor.to_owned(),
                    detail: refused.detail,
                };
                self.0.record(&tenant, &event).await
            }
            None => {
                let code = refused.code;
                self.0.metrics.sign_in(code);
                tracing::info!(code, correlation_id, "a sign-in of no tenant");
                false
            }
        };
        let (text, next_step) = match refused.code {
            NO_CONNECTION => (
                "This company does not sign in with Okta here, or not at the moment.".to_owned(),
                "Go back to the sign-in page and enter your work e-mail, or use your password."
                    .to_owned(),
            ),
            code => {
                let explanation = self.0.explain(code).await;
                (explanation.for_person, explanation.next_step_for_person)
            }
        };
        let page = RefusedPage {
            layout: Layout::of(&visit),
            text: &text,
            next_step: &next_step,
            correlation_id: &correlation_id,
            recorded,
            as_somebody_else,
        };
        Ok(page::show(&visit, refused.status, &page))
    }
}

/// Around the routes of signing in: bounds how many attempts one address and one company begin, and how many one address
/// brings to nothing; times how they end.
pub(super) async fn watch(
    Shared(ledgerline): Shared<Arc<Ledgerline>>,
    address: ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let is_start = request.uri().path() == "/start";
    let (throttles, now) = (&ledgerline.throttles, ledgerline.now());
    let (code, taken) = if is_start {
        let taken = throttles.take_start(&address.key(), &company_of(&request), now);
        (Code::TooManyStarts, taken)
    } else {
        let taken = throttles.returns.take(&address.key(), now);
        (Code::TooManyReturns, taken)
    };
    if let Err(spent) = taken {
        ledgerline.metrics.sign_in("refused/too-many-tries");
        spent.tell(&ledgerline, code, address).await;
        return match Visit::of(&ledgerline, request.headers()).await {
            Ok(visit) => login::slow_down(&visit, &spent),
            Err(failure) => failure.into_response(),
        };
    }
    let response = next.run(request).await;
    let status = response.status();
    if is_start {
        ledgerline.metrics.start(status, started);
    } else {
        ledgerline.metrics.callback(status, started);
        if status.is_redirection() {
            throttles.returns.give_back(&address.key());
        }
    }
    response
}

/// The company that a start names, whether there is one or not; what cannot be one has one bucket.
fn company_of(request: &Request) -> String {
    let query = request.uri().query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "tenant");
    let tenant = named.map(|(_, tenant)| tenant.into_owned());
    tenant
        .filter(|tenant| tenants::is_id(tenant))
        .unwrap_or_else(|| "?".to_owned())
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    layout: Layout,
    text: &'a str,
    next_step: &'a str,
    correlation_id: &'a str,
    /// An administrator finds the reason under it.
    recorded: bool,
    /// The way to Okta on which it asks who is there, even if it knows.
    as_somebody_else: Option<String>,
}

/// The reason was logged where the database failed; nothing can be written into a history now.
fn cannot_tell() -> Failure {
    Failure::Fault("whether this company signs in with Okta cannot be read".to_owned())
}

/// The code that stands in history and log; `fault/…` are our own.
pub(super) fn code_of<E: Coded>(error: &CallError<E>) -> String {
    match error {
        CallError::Answer(answer) => answer.code(),
        CallError::Limit(_) => "fault/limit".to_owned(),
        CallError::Trap(_) | CallError::Setup(_) => "fault/plugin".to_owned(),
    }
}

/// The e-mail that the provider vouched for and that is not taken.
fn address_of(error: &CallError<LoginError>) -> Option<&str> {
    match error {
        CallError::Answer(
            LoginError::EmailMalformed(refusal)
            | LoginError::EmailUnverified(refusal)
            | LoginError::EmailDomainNotApproved(refusal),
        ) => refusal.found.as_deref(),
        _ => None,
    }
}

/// Both sides of a comparison, or the name of a fault: for the administrator.
fn detail_of(error: &CallError<LoginError>) -> String {
    let answer = match error {
        CallError::Answer(LoginError::ProviderDenied(denial)) => return denial.error.clone(),
        CallError::Answer(answer) => answer,
        fault => return fault.to_string(),
    };
    match sides_of(answer) {
        (Some(expected), Some(found)) => format!("expected {expected}, found {found}"),
        (Some(expected), None) => format!("expected {expected}"),
        (None, Some(found)) => format!("found {found}"),
        (None, None) => String::new(),
    }
}

/// What was expected and what was found, where something was compared.
pub(super) fn sides_of(error: &LoginError) -> (Option<&str>, Option<&str>) {
    let (expected, found) = match error {
        LoginError::TokenRejected(rejection) => (&rejection.expected, &rejection.found),
        LoginError::ProviderMisbehaved(fault) => (&fault.expected, &fault.found),
        _ => return (None, None),
    };
    (expected.as_deref(), found.as_deref())
}

/// The refusals that must not tell who exists share one status.
fn status_of(error: &CallError<LoginError>) -> StatusCode {
    let CallError::Answer(answer) = error else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    match answer {
        LoginError::CallbackMalformed
        | LoginError::TransactionNotFound
        | LoginError::ConnectionChanged
        | LoginError::ResponseIssuerMissing
        | LoginError::ResponseIssuerMismatch
        | LoginError::CodeRejected => StatusCode::BAD_REQUEST,
        LoginError::ProviderDenied(_)
        | LoginError::LoginRequired
        | LoginError::EmailMissing
        | LoginError::EmailMalformed(_)
        | LoginError::EmailUnverified(_)
        | LoginError::EmailDomainNotApproved(_) => StatusCode::FORBIDDEN,
        LoginError::ProviderMisbehaved(_)
        | LoginError::ClientRejected
        | LoginError::TokenRejected(_) => StatusCode::BAD_GATEWAY,
        LoginError::ProviderUnavailable(_)
        | LoginError::ProviderBusy(_)
        | LoginError::StorageUnavailable
        | LoginError::RandomnessUnavailable
        | LoginError::ConnectionInvalid => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn wait(error: &CallError<LoginError>) -> Option<u32> {
    match error {
        CallError::Answer(LoginError::ProviderBusy(seconds)) => Some(seconds.unwrap_or(60)),
        _ => None,
    }
}
