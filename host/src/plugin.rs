//! Calls of a loaded component.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};
use tokio::time::timeout;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Type, Val};

use crate::capability::{Capabilities, HttpClient, HttpOptions};
use crate::compiled::CompiledCache;
use crate::component::{self, Component};
use crate::contract::{
    Callback, Checked, ClaimSet, Connection, Description, EmailMatch, EmailRule, Expectations,
    Explanation, Finding, LoginError, LoginRequest, LogoutError, Notice, Problem, Redirect,
    Rehearsal, RevocationRequest, Settings, SignedIn, TokenRejection,
};
use crate::error::{CallError, SetupError};
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::permit::Occupancy;
use crate::record::{self, Recording};
use crate::sandbox::{Call, Running, Sandbox, finish};
use crate::scope::{Scope, StorageKey};
use crate::self_test::{self, SelfTestError};
use crate::state::CallState;
use crate::store::StorageError;

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
}

/// Gathers what a [`Plugin`] is made of.
#[derive(Default)]
pub struct PluginBuilder {
    component: Option<Component>,
    capabilities: Option<Capabilities>,
    limits: Limits,
    cache: Option<Arc<CompiledCache>>,
}

impl PluginBuilder {
    /// The component to load.
    #[must_use]
    pub fn component(mut self, component: Component) -> Self {
        self.component = Some(component);
        self
    }

    /// The capabilities to run it with.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Some(capabilities);
        self
    }

    /// Bounds other than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps compiled code in this cache, so that the next start does not compile.
    #[must_use]
    pub fn compiled_cache(mut self, cache: CompiledCache) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Compiles the component; blocks for some hundred milliseconds, once.
    ///
    /// Errors: what is missing, what the component is or wants, or what this machine lacks.
    pub fn load(self) -> Result<Plugin, SetupError> {
        let mut capabilities = self.capabilities.ok_or(SetupError::NoCapabilities)?;
        if capabilities.http.is_none() {
            let client = HttpClient::new(&HttpOptions::default())?;
            capabilities = capabilities.with_http(Arc::new(client));
        }
        let component = self.component.ok_or(SetupError::NoComponent)?;
        let sandbox = Sandbox::new(self.limits)?;
        let loaded = Loaded::new(&sandbox, &component, self.cache.as_deref())?;
        Ok(Plugin {
            sandbox: Arc::new(sandbox),
            cache: self.cache,
            current: Arc::new(RwLock::new(Arc::new(loaded))),
            capabilities: Arc::new(capabilities),
            reference: None,
        })
    }
}

/// Parameters and results of one exported function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Names and types, in order.
    pub params: Vec<(String, Type)>,
    /// At most one.
    pub results: Vec<Type>,
}

/// Runs one exported function in a fresh instance.
macro_rules! run {
    ($plugin:expr, $scope:expr, $name:literal ( $($arg:expr),* )) => {{
        let mut running = $plugin.start($scope).await?;
        let outcome = running.call($name, ($($arg,)*)).await;
        $plugin.keep(&mut running, &outcome, record::of, || {
            ($name.to_owned(), vec![$(record::of(&$arg)),*])
        });
        outcome
    }};
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

    /// `config.check`: turns what was typed into a connection. Runs with every capability denied.
    pub async fn check(&self, settings: &Settings) -> Call<Checked, Vec<Problem>> {
        answered(run!(self, None, "config.check"(settings)))
    }

    /// `config.probe`: asks the provider and changes nothing.
    pub async fn probe(&self, connection: &Connection) -> Call<Vec<Finding>> {
        run!(self, Some(connection), "config.probe"(connection))
    }

    /// `config.describe`: what a settings form shows.
    pub async fn describe(&self, locale: &str) -> Call<Description> {
        run!(self, None, "config.describe"(locale))
    }

    /// `login.begin`: prepares one attempt.
    pub async fn begin(
        &self,
        connection: &Connection,
        request: &LoginRequest,
    ) -> Call<Redirect, LoginError> {
        answered(run!(
            self,
            Some(connection),
            "login.begin"(connection, request)
        ))
    }

    /// `login.locate`: the handle that a callback belongs to.
    pub async fn locate(&self, query: &str) -> Call<String, LoginError> {
        answered(run!(self, None, "login.locate"(query)))
    }

    /// `login.complete`: decides who is there.
    pub async fn complete(
        &self,
        connection: &Connection,
        callback: &Callback,
    ) -> Call<SignedIn, LoginError> {
        answered(run!(
            self,
            Some(connection),
            "login.complete"(connection, callback)
        ))
    }

    /// `login.rehearse`: the same exchange as a check list; never grounds for a session.
    pub async fn rehearse(&self, connection: &Connection, callback: &Callback) -> Call<Rehearsal> {
        run!(
            self,
            Some(connection),
            "login.rehearse"(connection, callback)
        )
    }

    /// `claims.validate`: claims of a token whose signature the caller has verified.
    pub async fn validate(
        &self,
        connection: &Connection,
        header: &str,
        payload: &str,
        expectations: &Expectations,
    ) -> Call<ClaimSet, TokenRejection> {
        answered(run!(
            self,
            None,
            "claims.validate"(connection, header, payload, expectations)
        ))
    }

    /// `claims.compare-email`: why an address did or did not match.
    pub async fn compare_email(
        &self,
        rule: EmailRule,
        from_provider: &str,
        on_file: &str,
    ) -> Call<EmailMatch> {
        run!(
            self,
            None,
            "claims.compare-email"(rule, from_provider, on_file)
        )
    }

    /// `logout.begin`: where to send the browser so that the provider's session ends too.
    pub async fn begin_logout(
        &self,
        connection: &Connection,
        logout_hint: &str,
        state: Option<&str>,
    ) -> Call<String, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.begin"(connection, logout_hint, state)
        ))
    }

    /// `logout.receive-logout-token`: a back-channel logout token.
    pub async fn receive_logout_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Call<Notice, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.receive-logout-token"(connection, token)
        ))
    }

    /// `logout.receive-revocation`: a global token revocation request.
    pub async fn receive_revocation(
        &self,
        connection: &Connection,
        request: &RevocationRequest,
    ) -> Call<Notice, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.receive-revocation"(connection, request)
        ))
    }

    /// `messages.codes`: every code that [`Plugin::explain`] knows.
    pub async fn codes(&self) -> Call<Vec<String>> {
        run!(self, None, "messages.codes"())
    }

    /// `messages.explain`: what to say; `None` for an unknown code.
    pub async fn explain(&self, code: &str, locale: &str) -> Call<Option<Explanation>> {
        run!(self, None, "messages.explain"(code, locale))
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

    /// Calls any exported function with dynamic values; for tools and tests.
    ///
    /// `interface` is the short name, such as `login`. Capabilities are denied when there is no
    /// `connection`; otherwise they are scoped to it. `args` are all arguments, the connection among them.
    pub async fn call(
        &self,
        interface: &str,
        function: &str,
        connection: Option<&Connection>,
        args: &[Val],
    ) -> Call<Vec<Val>> {
        let name = format!("{interface}.{function}");
        let unknown = || CallError::Setup(SetupError::NoSuchFunction(name.clone()));
        let mut running = self.start(connection).await?;
        let loaded = Arc::clone(&running.loaded);
        let index = loaded.exports.get(&name).ok_or_else(unknown)?;
        let within = running.left();
        let instance = loaded.pre.instantiate_async(&mut running.store);
        let instance = finish(timeout(within, instance).await)?;
        let exported = instance
            .get_func(&mut running.store, index)
            .ok_or_else(unknown)?;
        let shape = exported.ty(&running.store);
        if shape.params().len() != args.len() {
            return Err(CallError::Setup(SetupError::ArgumentMismatch));
        }
        let mut results = vec![Val::Bool(false); shape.results().len()];
        let within = running.left();
        let call = exported.call_async(&mut running.store, args, &mut results);
        let outcome = finish(timeout(within, call).await).map(|()| results);
        let result = |results: &Vec<Val>| results.first().map_or(Value::Null, record::of_val);
        self.keep(&mut running, &outcome, result, || {
            let arguments = args.iter().map(record::of_val).collect();
            (name, arguments)
        });
        outcome
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

    /// The types of an exported function; `None` when there is no such function.
    #[must_use]
    pub fn signature(&self, interface: &str, function: &str) -> Option<Signature> {
        let shape = self.function(interface, function)?;
        let params = shape
            .params()
            .map(|(name, of)| (name.to_owned(), of))
            .collect();
        Some(Signature {
            params,
            results: shape.results().collect(),
        })
    }

    fn function(&self, interface: &str, function: &str) -> Option<ComponentFunc> {
        let (engine, loaded) = (&self.sandbox.engine, self.loaded());
        let shape = loaded.pre.component().component_type();
        let exported = shape.get_export(engine, &component::full_name(interface))?;
        let ComponentItem::ComponentInstance(exported) = exported.ty else {
            return None;
        };
        match exported.get_export(engine, function)?.ty {
            ComponentItem::ComponentFunc(function) => Some(function),
            _ => None,
        }
    }

    /// The component that new calls run.
    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn start<E>(&self, connection: Option<&Connection>) -> Call<Running, E> {
        let id = connection.map(|connection| connection.id.as_str());
        let state = || {
            let scope = connection.map(Scope::of);
            CallState::new(Arc::clone(&self.capabilities), scope, &self.sandbox.limits)
        };
        self.sandbox.start(self.loaded(), id, state).await
    }
}

/// The contract's own refusals among the errors of a call.
fn answered<T, E>(outcome: Call<Result<T, E>, E>) -> Call<T, E> {
    outcome?.map_err(CallError::Answer)
}
