//! The platform around a host: tenants with one connection each, their secrets, and a clock that can be moved.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use okta_sso_host::contract::{
    Algorithm, Callback, ClientAuth, Connection, EmailRule, LoginError, LoginRequest, Network,
    Policy, PushedAuthorization, Redirect, Settings, SignedIn,
};
use okta_sso_host::{
    CallError, Capabilities, Clock, Component, CredentialError, Credentials, Deadlines, HttpClient,
    HttpOptions, Limits, MemoryStorage, Pin, Plugin, PostgresStorage, RedisStorage, Secret,
    SqliteStorage, Storage, SystemClock,
};
use tokio::sync::OnceCell;

use crate::part;

/// Where browsers come back to; nobody listens there, because the browser is played.
pub const REDIRECT_URI: &str = "http://localhost/sso/okta/callback";

/// The secret of a client; the provider knows it by the same rule.
#[must_use]
pub fn secret_of(client_id: &str) -> String {
    format!("secret-of-{client_id}")
}

/// Looks secrets up by connection.
pub struct Secrets;

#[async_trait]
impl Credentials for Secrets {
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new(secret_of(&client_of(connection_id)))))
    }
}

fn client_of(tenant: &str) -> String {
    format!("0oa{tenant}")
}

/// The settings of a tenant whose provider is at `issuer`.
#[must_use]
pub fn settings(tenant: &str, issuer: &str) -> Settings {
    Settings {
        connection_id: tenant.to_owned(),
        client_id: client_of(tenant),
        client_secret: Some(secret_of(&client_of(tenant))),
        issuer: issuer.to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        post_logout_redirect_uri: Some("http://localhost/".to_owned()),
        email_domains: vec!["acme.example".to_owned()],
        policy: Policy {
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 120,
            max_age: None,
            acr_values: Vec::new(),
            pushed_authorization: PushedAuthorization::Never,
            network: Network::DangerLoopback,
        },
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct Time(Arc<AtomicU64>);

impl Time {
    /// When every test begins: 2026-09-21.
    pub const START: u64 = 1_790_000_000;

    /// At [`Self::START`].
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(Self::START)))
    }

    /// Later, or earlier, by so many seconds.
    pub fn pass(&self, seconds: i64) {
        let now = self.0.load(Relaxed);
        self.0.store(now.saturating_add_signed(seconds), Relaxed);
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for Time {
    fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The system's clock, and an error that can be set.
#[derive(Default)]
pub struct Wrong(AtomicI64);

impl Wrong {
    /// So many seconds ahead of the right time.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Relaxed);
    }
}

impl Clock for Wrong {
    fn now(&self) -> u64 {
        SystemClock
            .now()
            .saturating_add_signed(self.0.load(Relaxed))
    }
}

/// The component of this workspace's last build.
#[must_use]
pub fn component() -> PathBuf {
    part::workspace().join("target/plugin/okta_sso.wasm")
}

/// The backend at an address: `memory`, that of a server, or a file of SQLite.
///
/// # Errors
/// When it does not open.
pub async fn storage(address: &str) -> Result<Arc<dyn Storage>> {
    Ok(match address.split(':').next() {
        Some("memory") => Arc::new(MemoryStorage::default()),
        Some("postgres") => Arc::new(PostgresStorage::open(address).await?),
        Some("redis") => Arc::new(RedisStorage::open(address).await?),
        _ => Arc::new(SqliteStorage::open(Path::new(address)).await?),
    })
}

/// What a host runs with here.
///
/// # Errors
/// When there is no TLS on this machine.
pub fn capabilities(
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    deadlines: Deadlines,
) -> Result<Capabilities> {
    let http = HttpClient::new(&HttpOptions {
        danger_allow_loopback: true,
        deadlines,
        ..HttpOptions::default()
    })?;
    let capabilities = Capabilities::new(storage, Arc::new(Secrets));
    Ok(capabilities.with_http(Arc::new(http)).with_clock(clock))
}

/// Deadlines that a test can wait for: a tenth of the default ones.
#[must_use]
pub fn short_deadlines() -> Deadlines {
    let Deadlines {
        connect,
        tls,
        headers,
        exchange,
    } = Deadlines::default();
    Deadlines {
        connect: connect / 10,
        tls: tls / 10,
        headers: headers / 10,
        exchange: exchange / 10,
    }
}

/// A host in this process, over the real component.
pub struct Host {
    /// To be called.
    pub plugin: Plugin,
}

impl Host {
    /// On any storage and clock, with short deadlines. All hosts of a process share one sandbox.
    ///
    /// # Errors
    /// When the component is not built.
    pub async fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Result<Self> {
        static COMPILED: OnceCell<Plugin> = OnceCell::const_new();
        let capabilities = capabilities(storage, clock, short_deadlines())?;
        let compile = || async { Self::with_limits(capabilities.clone(), Limits::default()) };
        let plugin = COMPILED.get_or_try_init(compile).await?;
        Ok(Self {
            plugin: plugin.with_capabilities(capabilities),
        })
    }

    /// A plugin with a sandbox of its own.
    ///
    /// # Errors
    /// When the component is not built.
    pub fn with_limits(capabilities: Capabilities, limits: Limits) -> Result<Plugin> {
        let component =
            Component::from_path(component(), Pin::Sidecar).context("run make plugin")?;
        let plugin = Plugin::builder().component(component).limits(limits);
        Ok(plugin.capabilities(capabilities).load()?)
    }

    /// The connection of a tenant whose provider is at `issuer`.
    ///
    /// # Errors
    /// When the settings are refused.
    pub async fn connection(&self, tenant: &str, issuer: &str) -> Result<Connection> {
        connection(&self.plugin, tenant, issuer).await
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// The plugin's refusal.
    pub async fn begin(&self, connection: &Connection) -> Result<Redirect, CallError<LoginError>> {
        let request = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt: None,
        };
        self.plugin.begin(connection, &request).await
    }

    /// Ends it: the browser is back.
    ///
    /// # Errors
    /// The plugin's refusal.
    pub async fn complete(
        &self,
        connection: &Connection,
        query: &str,
        binding: &str,
    ) -> Result<SignedIn, CallError<LoginError>> {
        let callback = Callback {
            query: query.to_owned(),
            browser_binding: Some(binding.to_owned()),
        };
        self.plugin.complete(connection, &callback).await
    }
}

/// The connection that a plugin makes of a tenant's settings.
///
/// # Errors
/// When it refuses them.
pub async fn connection(plugin: &Plugin, tenant: &str, issuer: &str) -> Result<Connection> {
    Ok(plugin.check(&settings(tenant, issuer)).await?.connection)
}

/// How long something took, as printed.
#[must_use]
pub fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}
