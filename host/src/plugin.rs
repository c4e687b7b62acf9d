//! Calls of a loaded component.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Type, Val};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, UpdateDeadline};

use crate::bindings::{SsoProvider, SsoProviderPre};
use crate::capability::{Capabilities, HttpClient, HttpOptions};
use crate::component::{self, Component};
use crate::contract::{
    Callback, Checked, ClaimSet, Connection, Description, EmailMatch, EmailRule, Expectations,
    Explanation, Finding, LoginError, LoginRequest, LogoutError, Notice, Problem, Redirect,
    Rehearsal, RevocationRequest, Settings, SignedIn, TokenRejection,
};
use crate::engine::{self, TICK};
use crate::error::{CallError, Limit, SetupError, Trap};
use crate::limits::Limits;
use crate::permit::{Place, Places};
use crate::record::{self, Recording};
use crate::scope::Scope;
use crate::state::{self, CallState};

/// A loaded sign-in component: cheap to clone, shared by all requests.
///
/// Every call runs in a fresh instance, which is dropped after it.
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
    capabilities: Arc<Capabilities>,
}

/// What is made once.
struct Loaded {
    engine: Engine,
    pre: SsoProviderPre<CallState>,
    imports: Vec<String>,
    sha256: String,
    limits: Limits,
    places: Places,
}

/// Gathers what a [`Plugin`] is made of.
#[derive(Default)]
pub struct PluginBuilder {
    component: Option<Component>,
    capabilities: Option<Capabilities>,
    limits: Limits,
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
        let engine = engine::engine(&self.limits)?;
        let (compiled, imports) = component.compile(&engine, self.limits.component)?;
        let mismatch = |error: wasmtime::Error| SetupError::InterfaceMismatch(error.to_string());
        let pre = state::linker(&engine)?
            .instantiate_pre(&compiled)
            .map_err(mismatch)?;
        let pre = SsoProviderPre::new(pre).map_err(mismatch)?;
        let loaded = Loaded {
            engine,
            pre,
            imports,
            sha256: component.sha256().to_owned(),
            places: Places::new(&self.limits),
            limits: self.limits,
        };
        Ok(Plugin {
            loaded: Arc::new(loaded),
            capabilities: Arc::new(capabilities),
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

type Call<T, E = Infallible> = Result<T, CallError<E>>;

/// Runs one exported function in a fresh instance.
macro_rules! run {
    ($plugin:expr, $scope:expr, $interface:ident . $function:ident ( $($arg:expr),* )) => {{
        let (mut running, instance) = $plugin.instantiate($scope).await?;
        let within = running.left();
        let call = instance.$interface().$function(&mut running.store $(, $arg)*);
        let outcome = finish(timeout(within, call).await);
        let name = (stringify!($interface), stringify!($function));
        $plugin.keep(&mut running, &outcome, record::of, || {
            (exported(name), vec![$(record::of(&$arg)),*])
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
    #[cfg(feature = "axum")]
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The same component over other capabilities, without compiling it again. Keeps the HTTP client
    /// unless they bring their own.
    #[must_use]
    pub fn with_capabilities(&self, mut capabilities: Capabilities) -> Self {
        capabilities.http = capabilities.http.or_else(|| self.capabilities.http.clone());
        Self {
            loaded: Arc::clone(&self.loaded),
            capabilities: Arc::new(capabilities),
        }
    }

    /// `config.check`: turns what was typed into a connection. Runs with every capability denied.
    pub async fn check(&self, settings: &Settings) -> Call<Checked, Vec<Problem>> {
        run!(self, None, sso_provider_config.call_check(settings))?.map_err(CallError::Answer)
    }

    /// `config.probe`: asks the provider and changes nothing.
    pub async fn probe(&self, connection: &Connection) -> Call<Vec<Finding>> {
        run!(
            self,
            Some(connection),
            sso_provider_config.call_probe(connection)
        )
    }

    /// `config.describe`: what a settings form shows.
    pub async fn describe(&self, locale: &str) -> Call<Description> {
        run!(self, None, sso_provider_config.call_describe(locale))
    }

    /// `login.begin`: prepares one attempt.
    pub async fn begin(
        &self,
        connection: &Connection,
        request: &LoginRequest,
    ) -> Call<Redirect, LoginError> {
        run!(
            self,
            Some(connection),
            sso_provider_login.call_begin(connection, request)
        )?
        .map_err(CallError::Answer)
    }

    /// `login.locate`: the handle that a callback belongs to.
    pub async fn locate(&self, query: &str) -> Call<String, LoginError> {
        run!(self, None, sso_provider_login.call_locate(query))?.map_err(CallError::Answer)
    }

    /// `login.complete`: decides who is there.
    pub async fn complete(
        &self,
        connection: &Connection,
        callback: &Callback,
    ) -> Call<SignedIn, LoginError> {
        run!(
            self,
            Some(connection),
            sso_provider_login.call_complete(connection, callback)
        )?
        .map_err(CallError::Answer)
    }

    /// `login.rehearse`: the same exchange as a check list; never grounds for a session.
    pub async fn rehearse(&self, connection: &Connection, callback: &Callback) -> Call<Rehearsal> {
        run!(
            self,
            Some(connection),
            sso_provider_login.call_rehearse(connection, callback)
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
        run!(
            self,
            None,
            sso_provider_claims.call_validate(connection, header, payload, expectations)
        )?
        .map_err(CallError::Answer)
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
            sso_provider_claims.call_compare_email(rule, from_provider, on_file)
        )
    }

    /// `logout.begin`: where to send the browser so that the provider's session ends too.
    pub async fn begin_logout(
        &self,
        connection: &Connection,
        logout_hint: &str,
        state: Option<&str>,
    ) -> Call<String, LogoutError> {
        run!(
            self,
            Some(connection),
            sso_provider_logout.call_begin(connection, logout_hint, state)
        )?
        .map_err(CallError::Answer)
    }

    /// `logout.receive-logout-token`: a back-channel logout token.
    pub async fn receive_logout_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Call<Notice, LogoutError> {
        run!(
            self,
            Some(connection),
            sso_provider_logout.call_receive_logout_token(connection, token)
        )?
        .map_err(CallError::Answer)
    }

    /// `logout.receive-revocation`: a global token revocation request.
    pub async fn receive_revocation(
        &self,
        connection: &Connection,
        request: &RevocationRequest,
    ) -> Call<Notice, LogoutError> {
        run!(
            self,
            Some(connection),
            sso_provider_logout.call_receive_revocation(connection, request)
        )?
        .map_err(CallError::Answer)
    }

    /// `messages.codes`: every code that [`Plugin::explain`] knows.
    pub async fn codes(&self) -> Call<Vec<String>> {
        run!(self, None, sso_provider_messages.call_codes())
    }

    /// `messages.explain`: what to say; `None` for an unknown code.
    pub async fn explain(&self, code: &str, locale: &str) -> Call<Option<Explanation>> {
        run!(self, None, sso_provider_messages.call_explain(code, locale))
    }

    /// The interfaces that the component imports, such as `sso:provider/http@0.1.0`, sorted.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.loaded.imports
    }

    /// SHA-256 of the component's bytes, 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.loaded.sha256
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
        let name = || SetupError::NoSuchFunction(format!("{interface}.{function}"));
        let pre = self.loaded.pre.instance_pre();
        let index = pre
            .component()
            .get_export_index(None, component::full_name(interface))
            .and_then(|outer| pre.component().get_export_index(Some(&outer), function))
            .ok_or_else(|| CallError::Setup(name()))?;
        let mut running = self.start(connection).await?;
        let instance =
            finish(timeout(running.left(), pre.instantiate_async(&mut running.store)).await)?;
        let exported = instance
            .get_func(&mut running.store, index)
            .ok_or_else(|| CallError::Setup(name()))?;
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
            (format!("{interface}.{function}"), arguments)
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
            component: self.loaded.sha256.clone(),
            connection: state.connection_id().to_owned(),
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
        let engine = &self.loaded.engine;
        let shape = self.loaded.pre.instance_pre().component().component_type();
        let exported = shape.get_export(engine, &component::full_name(interface))?;
        let ComponentItem::ComponentInstance(exported) = exported.ty else {
            return None;
        };
        match exported.get_export(engine, function)?.ty {
            ComponentItem::ComponentFunc(function) => Some(function),
            _ => None,
        }
    }

    /// A place and a fresh store; no instance yet.
    async fn start<E>(&self, connection: Option<&Connection>) -> Call<Running, E> {
        let Loaded {
            engine,
            limits,
            places,
            ..
        } = &*self.loaded;
        let started = Instant::now();
        let id = connection.map(|connection| connection.id.as_str());
        let place = places.take(id).await.map_err(CallError::Limit)?;
        let scope = connection.map(Scope::of);
        let state = CallState::new(Arc::clone(&self.capabilities), scope, limits);
        let mut store = Store::try_new(engine, state).map_err(|error| fault(&error))?;
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(limits.host_call_bytes);
        store.set_max_component_handles(limits.handles);
        // The deadline counts only while the component runs: a tick that passes in a host call is
        // seen once, afterwards. One more, because the first tick comes at any moment.
        let mut left = limits.cpu.as_millis().div_ceil(TICK.as_millis()) + 1;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Yield(1)
            })
        });
        Ok(Running {
            store,
            started,
            limits: limits.clone(),
            _place: place,
        })
    }

    async fn instantiate<E>(
        &self,
        connection: Option<&Connection>,
    ) -> Call<(Running, SsoProvider), E> {
        let mut running = self.start(connection).await?;
        let within = running.left();
        let instance = self.loaded.pre.instantiate_async(&mut running.store);
        let instance = finish(timeout(within, instance).await)?;
        Ok((running, instance))
    }
}

/// One call's store. Dropped after the call, whatever its end: the store first, then the place.
struct Running {
    store: Store<CallState>,
    started: Instant,
    limits: Limits,
    _place: Place,
}

impl Running {
    /// What is left of the call's time.
    fn left(&self) -> Duration {
        self.limits.wall.saturating_sub(self.started.elapsed())
    }
}

/// `interface.function`, from the names of the generated bindings.
fn exported((interface, function): (&str, &str)) -> String {
    let interface = interface.trim_start_matches("sso_provider_");
    let function = function.trim_start_matches("call_");
    format!("{interface}.{}", function.replace('_', "-"))
}

/// Collapses the layers of failure of one call: out of time, and fault.
fn finish<T, E>(outcome: Result<wasmtime::Result<T>, Elapsed>) -> Call<T, E> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(CallError::Limit(Limit::Wall)),
    }
}

/// Tells a bound from a breakage.
fn fault<E>(error: &wasmtime::Error) -> CallError<E> {
    use wasmtime::Trap as Code;

    if let Some(limit) = error.downcast_ref::<Limit>() {
        return CallError::Limit(*limit);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return CallError::Trap(*trap);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Limit(Limit::Busy);
    }
    match error.downcast_ref::<Code>() {
        Some(Code::Interrupt) => CallError::Limit(Limit::Cpu),
        Some(Code::StackOverflow) => CallError::Limit(Limit::Stack),
        Some(Code::AllocationTooLarge) => CallError::Limit(Limit::Memory),
        Some(
            Code::InvalidChar
            | Code::StringOutOfBounds
            | Code::ListOutOfBounds
            | Code::InvalidDiscriminant
            | Code::UnalignedPointer,
        ) => CallError::Trap(Trap::MalformedValue),
        Some(code) => CallError::Trap(Trap::Code(*code)),
        // wasmtime 48 gives these two no public type. Only the name of the fault hangs on the words,
        // and a test notices when they change.
        None => match error.root_cause().to_string() {
            words if words.contains("fuel allocated for hostcalls") => {
                CallError::Limit(Limit::HostCallBytes)
            }
            words if words.contains("store handle limit") => CallError::Limit(Limit::Handles),
            _ => CallError::Trap(Trap::MalformedValue),
        },
    }
}
