//! The development Okta: an Okta organisation small enough to live in the demo's process.
//!
//! It speaks OpenID Connect over its own TCP listener with the shapes, rules and error texts of
//! Okta's organisation server, built on the provider types of the `openidconnect` crate. The
//! product reaches it like any provider. It also has the pages that the set-up guide walks
//! through: an admin console, an end-user dashboard with the application's tile, a sign-in page.
//!
//! Every wrong answer that a sign-in must withstand is a [`Switch`], off at the start.
//!
//! Not for production: people's passwords and client secrets are held in clear, everything is
//! forgotten at the end of the process, and the admin console asks for no password.

mod authorize;
mod change;
mod claims;
mod client_auth;
mod client_keys;
mod console;
mod dashboard;
mod held;
mod issuer;
mod keys;
mod logout;
mod metadata;
mod org;
mod page;
mod parameters;
mod refusal;
mod requests;
mod routes;
mod secrets;
mod sign_in;
mod switches;
mod token;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::Router;
use serde::Deserialize;
use tokio::net::TcpListener;

pub use self::{
    keys::KeyError,
    requests::{Endpoint, Requests},
    switches::{Switch, Switches},
};

use self::org::Org;

/// What the development Okta knows when it starts.
///
/// Has no `Debug`: it holds passwords and client secrets.
#[derive(Clone)]
pub struct Config {
    /// The issuer, such as `http://127.0.0.1:8081`: an origin without a trailing slash. Every
    /// endpoint is published under it, so it must be how browser and product reach the listener.
    pub issuer: String,
    /// A second origin that leads to the same listener: the organisation's custom domain.
    pub custom_domain: Option<String>,
    /// What the pages call the organisation.
    pub organisation: String,
    /// The directory.
    pub people: Vec<Person>,
    /// The applications installed in the organisation.
    pub clients: Vec<Client>,
    /// The present in Unix seconds.
    pub clock: Clock,
    /// For how many seconds metadata and keys may be cached; Okta says a day and more.
    pub max_age: u32,
    /// How long an answer takes under [`Switch::SlowAnswers`].
    pub delay: Duration,
}

impl Config {
    /// An organisation without people and applications, on the system's clock.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            custom_domain: None,
            organisation: "Northwind Traders".to_owned(),
            people: Vec::new(),
            clients: Vec::new(),
            clock: Clock::system(),
            max_age: 86_400,
            delay: Duration::from_secs(20),
        }
    }
}

/// Somebody in the directory.
///
/// The subject (`00u…`) is derived from the login, so that it survives a restart. Has no `Debug`.
#[derive(Clone)]
pub struct Person {
    /// What is typed at the sign-in page; `preferred_username` in claims. Unique.
    pub login: String,
    /// The `email` claim; may differ from the login.
    pub email: String,
    /// First and last name, separated by a space.
    pub name: String,
    /// Held in clear: this is a development server.
    pub password: String,
    /// Whether the person is given the applications that everybody has at the start.
    pub assigned: bool,
}

/// An application's registration. Has no `Debug`.
#[derive(Clone)]
pub struct Client {
    /// `0oa…` in Okta. Unique.
    pub client_id: String,
    /// At the start: one or, while a secret is being replaced, two. Each is accepted.
    pub client_secrets: Vec<String>,
    /// Sign-in redirect URIs; compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// Sign-out redirect URIs; compared byte for byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where a launch from the dashboard is sent. Without one, the tile answers 403.
    pub initiate_login_uri: Option<String>,
    /// The name on the tile.
    pub app_name: String,
    /// Who has it at the start; the tab *Assignments* changes it.
    pub access: ControlledAccess,
}

/// Okta: *Controlled access*, chosen when an application is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlledAccess {
    /// *Allow everyone in your organization to access*.
    Everyone,
    /// *Skip group assignment for now*.
    Skip,
}

/// The present, replaceable in tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        })
    }

    /// A clock that answers with what `now` returns, in Unix seconds.
    pub fn from_fn(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clock")
    }
}

/// Why a development Okta could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The issuer or the custom domain is not an http or https origin without a trailing slash.
    #[error("issuer and custom domain must be origins such as http://127.0.0.1:8081")]
    Issuer,
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A running organisation; clones are handles to the same one.
#[derive(Clone)]
pub struct DevOkta {
    org: Arc<Org>,
}

impl DevOkta {
    /// Generates two signing keys and opens the organisation.
    ///
    /// # Errors
    ///
    /// [`SetupError::Issuer`] and [`SetupError::Key`].
    pub fn new(config: Config) -> Result<Self, SetupError> {
        Ok(Self {
            org: Arc::new(Org::new(config)?),
        })
    }

    /// The organisation's address, as it was configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.org.config.issuer
    }

    /// Its custom domain, where it has one.
    #[must_use]
    pub fn custom_domain(&self) -> Option<&str> {
        self.org.config.custom_domain.as_deref()
    }

    /// Every endpoint and page.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.org))
    }

    /// Answers on `listener` until the process ends.
    ///
    /// # Errors
    ///
    /// Those of the listener.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    /// Signs with a new key from now on; the key before it stays published, older ones do not.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when no key could be made; the old keys stay then.
    pub fn rotate_keys(&self) -> Result<(), KeyError> {
        self.org.keys.rotate()
    }

    /// The misbehaviours, to be turned on and off while running.
    #[must_use]
    pub fn switches(&self) -> &Switches {
        &self.org.switches
    }

    /// How often each endpoint was asked.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.org.requests
    }

    /// Assigns the application of this client id to the person with this login, or takes it away.
    ///
    /// Answers whether there are such an application and such a person.
    pub fn assign(&self, client_id: &str, login: &str, assigned: bool) -> bool {
        self.org.assign(client_id, login, assigned)
    }
}
