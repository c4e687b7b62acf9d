//! A component, compiled and linked: what instances are made from.

use crate::bindings::SsoProviderPre;
use crate::compiled::CompiledCache;
use crate::component::Component;
use crate::error::SetupError;
use crate::sandbox::Sandbox;
use crate::state::{self, CallState};

pub(crate) struct Loaded {
    pub(crate) pre: SsoProviderPre<CallState>,
    /// Sorted.
    pub(crate) imports: Vec<String>,
    pub(crate) sha256: String,
}

impl Loaded {
    /// Compiles, or takes from the cache; blocks while it does.
    pub(crate) fn new(
        sandbox: &Sandbox,
        component: &Component,
        cache: Option<&CompiledCache>,
    ) -> Result<Self, SetupError> {
        let (engine, most) = (&sandbox.engine, sandbox.limits.component);
        let (compiled, imports) = component.compile(engine, most, cache)?;
        let mismatch = |error: wasmtime::Error| SetupError::InterfaceMismatch(error.to_string());
        let pre = state::linker(engine)?
            .instantiate_pre(&compiled)
            .map_err(mismatch)?;
        Ok(Self {
            pre: SsoProviderPre::new(pre).map_err(mismatch)?,
            imports,
            sha256: component.sha256().to_owned(),
        })
    }
}
