//! A component, compiled and linked: what instances are made from.

use std::collections::HashMap;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component as Compiled, ComponentExportIndex, InstancePre};

use crate::bindings::SsoProviderPre;
use crate::compiled::CompiledCache;
use crate::component::{self, Component};
use crate::error::SetupError;
use crate::sandbox::Sandbox;
use crate::state::{self, CallState};

pub(crate) struct Loaded {
    pub(crate) pre: InstancePre<CallState>,
    /// Where each function of the contract is, such as `login.begin`.
    pub(crate) exports: HashMap<String, ComponentExportIndex>,
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
        let whole = SsoProviderPre::new(pre).map_err(mismatch)?;
        Ok(Self {
            pre: whole.instance_pre().clone(),
            exports: exports(engine, &compiled),
            imports,
            sha256: component.sha256().to_owned(),
        })
    }
}

fn exports(engine: &Engine, compiled: &Compiled) -> HashMap<String, ComponentExportIndex> {
    let mut found = HashMap::new();
    for interface in component::EXPORTS {
        let name = component::full_name(interface);
        let Some((ComponentItem::ComponentInstance(functions), at)) =
            compiled.get_export(None, &name)
        else {
            continue;
        };
        for (function, _) in functions.exports(engine) {
            if let Some(index) = compiled.get_export_index(Some(&at), function) {
                found.insert(format!("{interface}.{function}"), index);
            }
        }
    }
    found
}
