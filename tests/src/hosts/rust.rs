//! `okta-sso-host`, in this process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use okta_sso_host::contract::Level;
use okta_sso_host::{
    AwsLcSignatures, Cache, CallError, Capabilities, Clock, Component, CredentialError,
    Credentials, Deadlines, Http, HttpClient, HttpOptions, Limits, Log, MemoryCache, MemoryStorage,
    OsRandom, Pin, Plugin, Random, Scope, Secret, Signatures, Storage, SystemClock,
};
use serde_json::Value;
use wasmtime::component::Val;

use super::{Event, Host, Outcome, Start};
use crate::connection::{object, scope};
use crate::part::workspace;
use crate::value::{to_json, to_val};

/// The library, over its default capabilities and memory, or over others.
pub struct RustHost {
    plugin: Plugin,
    state: Arc<State>,
}

/// What the host is put together from: every part that a platform may bring itself.
pub struct Parts {
    /// In memory.
    pub storage: Arc<dyn Storage>,
    /// The start's client secret, for every connection.
    pub credentials: Arc<dyn Credentials>,
    /// To this machine too, as in development.
    pub http: Arc<dyn Http>,
    /// In memory.
    pub cache: Arc<dyn Cache>,
    /// The test's, or the machine's own.
    pub clock: Arc<dyn Clock>,
    /// The operating system's.
    pub random: Arc<dyn Random>,
    /// The library's.
    pub signatures: Arc<dyn Signatures>,
    /// Kept for the test.
    pub log: Arc<dyn Log>,
    /// The library's.
    pub limits: Limits,
}

#[derive(Default)]
struct State {
    /// 0: the machine's own clock.
    now: AtomicU64,
    events: Mutex<Vec<Event>>,
    client_secret: String,
}

impl RustHost {
    /// Starts it; `change` puts other parts in the place of the right ones.
    ///
    /// # Errors
    /// When the component was not built.
    pub fn start(start: &Start, change: impl FnOnce(Parts) -> Parts) -> Result<Self> {
        let state = Arc::new(State {
            client_secret: start.client_secret.clone(),
            ..State::default()
        });
        let http = HttpClient::new(&HttpOptions {
            danger_allow_loopback: true,
            deadlines: Deadlines {
                headers: start.deadline,
                exchange: start.deadline,
                ..Deadlines::default()
            },
            ..HttpOptions::default()
        })?;
        let parts = change(Parts {
            storage: Arc::new(MemoryStorage::default()),
            credentials: state.clone(),
            http: Arc::new(http),
            cache: Arc::new(MemoryCache::default()),
            clock: state.clone(),
            random: Arc::new(OsRandom),
            signatures: Arc::new(AwsLcSignatures::default()),
            log: state.clone(),
            limits: Limits::default(),
        });
        let capabilities = Capabilities::new(parts.storage, parts.credentials)
            .with_http(parts.http)
            .with_cache(parts.cache)
            .with_clock(parts.clock)
            .with_random(parts.random)
            .with_signatures(parts.signatures)
            .with_log(parts.log);
        let folder = workspace().join("target/plugin");
        let component = Component::from_path(folder.join(&start.component), Pin::Sidecar)
            .context("run `make plugin` first")?;
        let plugin = Plugin::builder()
            .component(component)
            .capabilities(capabilities)
            .limits(parts.limits)
            .load()?;
        Ok(Self { plugin, state })
    }
}

#[async_trait]
impl Host for RustHost {
    async fn call(
        &self,
        connection: Option<&Value>,
        function: &str,
        arguments: Vec<Value>,
    ) -> Result<Outcome> {
        let (interface, name) = function
            .split_once('.')
            .context("a call is interface.function")?;
        let signature = self.plugin.signature(interface, name);
        let signature = signature.with_context(|| format!("there is no {function}"))?;
        let arguments = signature.params.iter().zip(&arguments);
        let arguments: Vec<Val> = arguments
            .map(|((_, kind), value)| to_val(value, kind))
            .collect::<Result<_>>()?;
        let scope = connection
            .cloned()
            .map(|connection| scope(&object(connection)));
        let scope = scope.transpose()?;
        let results = self
            .plugin
            .call(interface, name, scope.as_ref(), &arguments);
        Ok(match results.await {
            Ok(results) => match results.first() {
                Some(Val::Result(Err(refusal))) => {
                    Outcome::Refusal(refusal.as_deref().map_or(Value::Null, to_json))
                }
                Some(Val::Result(Ok(value))) => {
                    Outcome::Value(value.as_deref().map_or(Value::Null, to_json))
                }
                other => Outcome::Value(other.map_or(Value::Null, to_json)),
            },
            Err(CallError::Setup(error)) => bail!("{error}"),
            Err(fault) => Outcome::Fault(fault.to_string()),
        })
    }

    async fn set_clock(&self, now: Option<u64>) -> Result<()> {
        self.state.now.store(now.unwrap_or(0), Ordering::SeqCst);
        Ok(())
    }

    fn events(&self) -> Vec<Event> {
        std::mem::take(
            &mut self
                .state
                .events
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Clock for State {
    fn now(&self) -> u64 {
        match self.now.load(Ordering::SeqCst) {
            0 => SystemClock.now(),
            set => set,
        }
    }
}

impl Log for State {
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]) {
        let event = Event {
            connection: scope.connection_id.clone(),
            level: format!("{level:?}").to_ascii_lowercase(),
            code: code.to_owned(),
            fields: fields.to_vec(),
        };
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }
}

#[async_trait]
impl Credentials for State {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new(self.client_secret.clone())))
    }
}
