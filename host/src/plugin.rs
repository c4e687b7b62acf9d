//! A loaded component and its life.

mod builder;
mod dynamic;
mod exports;

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use crate::capability::Capabilities;
use crate::compiled::CompiledCache;
use crate::component::Component;
use crate::contract::Connection;
use crate::error::SetupError;
use crate::loaded::Loaded;
use crate::permit::Occupancy;
use crate::record::Recording;
use crate::sandbox::{Call, Running, Sandbox};
use crate::scope::{Scope, StorageKey};
use crate::self_test::{self, SelfTestError};
use crate::state::CallState;
use crate::store::StorageError;

pub use builder::PluginBuilder;
pub use dynamic::Signature;

/// A loaded sign-in component: cheap to clone, shared by all requests.
///
/// Every call runs in a fresh instance, which is dropped after it.
#[derive(Clone)]
pub struct Plugin {
    sandbox: Arc<Sandbox>,
    cache: Option<Arc<CompiledCache>>,
    /// What new calls run; calls under way keep what they began with.
    current: Arc<RwLock<Arc<Loaded>>>,
    capabilities: Arc<Capabilities>,
    /// For recordings.
    reference: Option<Arc<str>>,
    /// Its capabilities wait for nobody outside, so its calls need no place among those that do.
    self_contained: bool,
}

impl Plugin {
    /// Starts with nothing chosen.
    #[must_use]
    pub fn builder() -> PluginBuilder {
        PluginBuilder::default()
    }

    /// What it runs with.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The same component over other capabilities, without compiling it again. Keeps the HTTP client
    /// unless they bring their own.
    #[must_use]
    pub fn with_capabilities(&self, mut capabilities: Capabilities) -> Self {
        capabilities.http = capabilities.http.or_else(|| self.capabilities.http.clone());
        Self {
            capabilities: Arc::new(capabilities),
            ..self.clone()
        }
    }

    /// The same over capabilities that wait for nobody outside.
    pub(crate) fn self_contained(self) -> Self {
        Self {
            self_contained: true,
            ..self
        }
    }

    /// The same plugin for the calls of one attempt: what is recorded of them carries this reference.
    #[must_use]
    pub fn for_attempt(&self, reference: &str) -> Self {
        Self {
            reference: Some(reference.into()),
            ..self.clone()
        }
    }

    /// Puts another component in this one's place, for this plugin and every clone of it.
    ///
    /// It is compiled beside the running one, held against the contract, and must pass [`Plugin::self_test`].
    /// From then on new calls run it; calls under way finish on the old one.
    ///
    /// Errors: what the component is, wants or got wrong; the old one stays.
    pub async fn replace(&self, component: Component) -> Result<(), SetupError> {
        let (sandbox, cache) = (Arc::clone(&self.sandbox), self.cache.clone());
        let load = move || Loaded::new(&sandbox, &component, cache.as_deref());
        let loaded = tokio::task::spawn_blocking(load).await;
        let loaded = Arc::new(loaded.map_err(|_| SetupError::Engine)??);
        let candidate = Self {
            current: Arc::new(RwLock::new(Arc::clone(&loaded))),
            ..self.clone()
        };
        candidate.self_test().await?;
        let (old, new) = (self.sha256(), loaded.sha256.clone());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        tracing::info!(old, new, "component replaced");
        Ok(())
    }

    /// Signs somebody in at a provider inside this process, and tries every way in that must be shut: with a foreign
    /// signature, another attempt's, client's or issuer's token, an expired one, a used callback, another browser.
    /// The clock is the plugin's own; one that is years slow fails.
    ///
    /// Reaches nothing outside and takes some milliseconds: fit for a readiness check.
    pub async fn self_test(&self) -> Result<(), SelfTestError> {
        self_test::run(self).await
    }

    /// Whether every exported function has the contract's types; a call looks at its own alone.
    pub(crate) async fn has_all_types(&self) -> Call<bool> {
        self.start(None).await?.check_types().await
    }

    /// Puts an entry of the host's own into the storage and takes it again: fit for a readiness check.
    ///
    /// Errors: the storage is out of reach, out of time, full, or read-only.
    pub async fn check_storage(&self) -> Result<(), StorageError> {
        let Capabilities {
            storage,
            random,
            clock,
            ..
        } = self.capabilities();
        let mut name = [0; 16];
        let drawn = random.fill(&mut name);
        drawn.map_err(|_| StorageError::Unavailable)?;
        let (key, now) = (StorageKey::host("readiness", &name), clock.now());
        storage.put_if_absent(&key, &name, now, 10).await?;
        let taken = storage.take(&key, now).await?;
        let same = taken.is_some_and(|taken| taken == name);
        same.then_some(()).ok_or(StorageError::Unavailable)
    }

    /// The interfaces that the component imports, such as `sso:provider/http@0.1.0`, sorted.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        self.loaded().imports.clone()
    }

    /// How many calls run at this moment, of how many that may.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        self.sandbox.occupancy()
    }

    /// SHA-256 of the component's bytes, 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn sha256(&self) -> String {
        self.loaded().sha256.clone()
    }

    /// Gives the call to the recorder, if this one is recorded.
    fn keep<T, E>(
        &self,
        running: &mut Running,
        outcome: &Call<T, E>,
        result: impl FnOnce(&T) -> Value,
        called: impl FnOnce() -> (String, Vec<Value>),
    ) {
        let state = running.store.data_mut();
        let (Some(recorder), Some(trace)) = (&self.capabilities.recorder, state.tape.take()) else {
            return;
        };
        let outcome = match outcome {
            Ok(value) => result(value),
            Err(fault) => json!({ "fault": fault.fault() }),
        };
        let (call, arguments) = called();
        recorder.keep(Recording {
            component: running.loaded.sha256.clone(),
            connection: state.connection_id().to_owned(),
            reference: self.reference.as_deref().map(str::to_owned),
            call,
            arguments,
            trace,
            outcome,
        });
    }

    /// The component that new calls run.
    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn start<E>(&self, connection: Option<&Connection>) -> Call<Running, E> {
        let waits_for = connection.filter(|_| !self.self_contained);
        let id = waits_for.map(|connection| connection.id.as_str());
        let state = || {
            let scope = connection.map(Scope::of);
            CallState::new(Arc::clone(&self.capabilities), scope, &self.sandbox.limits)
        };
        self.sandbox.start(self.loaded(), id, state).await
    }
}
