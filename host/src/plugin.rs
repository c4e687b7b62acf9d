//! Calls of a loaded component.

use std::convert::Infallible;

use wasmtime::component::{Type, Val};

use crate::capability::Capabilities;
use crate::component::Component;
use crate::contract::{
    Callback, Checked, ClaimSet, Connection, Description, EmailMatch, EmailRule, Expectations,
    Explanation, Finding, LoginError, LoginRequest, LogoutError, Notice, Problem, Redirect,
    Rehearsal, RevocationRequest, Settings, SignedIn, TokenRejection,
};
use crate::error::{CallError, SetupError};
use crate::limits::Limits;

/// A loaded sign-in component: cheap to clone, shared by all requests.
///
/// Every call runs in a fresh instance, which is dropped after it.
#[derive(Clone)]
pub struct Plugin {
    capabilities: Capabilities,
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
    pub fn load(self) -> Result<Plugin, SetupError> {
        let capabilities = self.capabilities.ok_or(SetupError::NoCapabilities)?;
        let _component = self.component.ok_or(SetupError::NoComponent)?;
        Ok(Plugin { capabilities })
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

macro_rules! stub {
    ($($arg:ident),*) => {{
        let _ = ($($arg),*);
        Err(CallError::Setup(SetupError::NoComponent))
    }};
}

impl Plugin {
    /// Starts with nothing chosen.
    #[must_use]
    pub fn builder() -> PluginBuilder {
        PluginBuilder::default()
    }

    /// The same component over other capabilities, without compiling it again.
    #[must_use]
    pub fn with_capabilities(&self, capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            ..self.clone()
        }
    }

    /// `config.check`: turns what was typed into a connection. Runs with every capability denied.
    pub async fn check(&self, settings: &Settings) -> Call<Checked, Vec<Problem>> {
        stub!(settings)
    }

    /// `config.probe`: asks the provider and changes nothing.
    pub async fn probe(&self, connection: &Connection) -> Call<Vec<Finding>> {
        stub!(connection)
    }

    /// `config.describe`: what a settings form shows.
    pub async fn describe(&self, locale: &str) -> Call<Description> {
        stub!(locale)
    }

    /// `login.begin`: prepares one attempt.
    pub async fn begin(
        &self,
        connection: &Connection,
        request: &LoginRequest,
    ) -> Call<Redirect, LoginError> {
        stub!(connection, request)
    }

    /// `login.locate`: the handle that a callback belongs to.
    pub async fn locate(&self, query: &str) -> Call<String, LoginError> {
        stub!(query)
    }

    /// `login.complete`: decides who is there.
    pub async fn complete(
        &self,
        connection: &Connection,
        callback: &Callback,
    ) -> Call<SignedIn, LoginError> {
        stub!(connection, callback)
    }

    /// `login.rehearse`: the same exchange as a check list; never grounds for a session.
    pub async fn rehearse(&self, connection: &Connection, callback: &Callback) -> Call<Rehearsal> {
        stub!(connection, callback)
    }

    /// `claims.validate`: claims of a token whose signature the caller has verified.
    pub async fn validate(
        &self,
        connection: &Connection,
        header: &str,
        payload: &str,
        expectations: &Expectations,
    ) -> Call<ClaimSet, TokenRejection> {
        stub!(connection, header, payload, expectations)
    }

    /// `claims.compare-email`: why an address did or did not match.
    pub async fn compare_email(
        &self,
        rule: EmailRule,
        from_provider: &str,
        on_file: &str,
    ) -> Call<EmailMatch> {
        stub!(rule, from_provider, on_file)
    }

    /// `logout.begin`: where to send the browser so that the provider's session ends too.
    pub async fn begin_logout(
        &self,
        connection: &Connection,
        logout_hint: &str,
        state: Option<&str>,
    ) -> Call<String, LogoutError> {
        stub!(connection, logout_hint, state)
    }

    /// `logout.receive-logout-token`: a back-channel logout token.
    pub async fn receive_logout_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Call<Notice, LogoutError> {
        stub!(connection, token)
    }

    /// `logout.receive-revocation`: a global token revocation request.
    pub async fn receive_revocation(
        &self,
        connection: &Connection,
        request: &RevocationRequest,
    ) -> Call<Notice, LogoutError> {
        stub!(connection, request)
    }

    /// `messages.codes`: every code that [`Plugin::explain`] knows.
    pub async fn codes(&self) -> Call<Vec<String>> {
        Err(CallError::Setup(SetupError::NoComponent))
    }

    /// `messages.explain`: what to say; `None` for an unknown code.
    pub async fn explain(&self, code: &str, locale: &str) -> Call<Option<Explanation>> {
        stub!(code, locale)
    }

    /// The interfaces that the component imports, such as `sso:provider/http@0.1.0`, sorted.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &[]
    }

    /// SHA-256 of the component's bytes, 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        ""
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
        stub!(interface, function, connection, args)
    }

    /// The types of an exported function; `None` when there is no such function.
    #[must_use]
    pub fn signature(&self, interface: &str, function: &str) -> Option<Signature> {
        let _ = (interface, function);
        None
    }
}
