//! What a platform adds to the routes.

use std::convert::Infallible;

use ::axum::http::request::Parts;
use ::axum::response::Response;
use async_trait::async_trait;

use crate::CallError;
use crate::contract::{Connection, LoginError, Rehearsal, SignedIn};

/// What the platform adds: its connections, its sessions and its pages.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// The active connection of a tenant, to start with; none for an unknown tenant or one without.
    async fn connection_of_tenant(&self, tenant: &str) -> Result<Option<Connection>, Unavailable>;

    /// The same connection at the callback, read again: none when it is no longer active.
    async fn connection(&self, id: &str) -> Result<Option<Connection>, Unavailable>;

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

    /// A connection that is being tried out, as it was when [`super::SignIn::rehearse`] began; none when it is gone.
    async fn draft(&self, _id: &str) -> Result<Option<Connection>, Unavailable> {
        Ok(None)
    }

    /// A test sign-in came back. Never grounds for a session. Show the check list to whoever may see it: the
    /// browser is the one that began, but its person may have changed.
    async fn rehearsed(
        &self,
        request: &Parts,
        attempt: &Attempt,
        _rehearsal: Result<Rehearsal, CallError<Infallible>>,
    ) -> Response {
        self.refused(request, Some(attempt), Refusal::NoConnection)
            .await
    }
}

/// The platform cannot read its connections at the moment: neither that there is one nor that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the platform cannot read its connections")]
pub struct Unavailable;

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
    /// The platform could not say whether there is a connection. A callback that ends so has used nothing up: the
    /// same address can be asked again.
    Unavailable,
    /// No attempt could be begun with this connection: there is no handle.
    NotBegun {
        /// What was to be signed in with.
        connection: Box<Connection>,
        /// Stands for the handle in pages, history and recordings; none where there are no random bytes.
        reference: Option<String>,
        /// Why.
        error: CallError<LoginError>,
    },
    /// The component's answer, a limit, or a fault.
    Call(CallError<LoginError>),
}

impl From<Unavailable> for Refusal {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}
