//! Any component of the contract, called with JSON; whoever answers its imports is the caller's to choose.
//!
//! Nothing of the host library is here: a case that passes through both says that they mean the same.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, Val};
use wasmtime::{Config, Engine, Store};

use crate::value::{to_json, to_val};

/// Instructions that one call may use, about a second's worth: a component that hangs must not hang the run.
const FUEL: u64 = 2_000_000_000;

/// The version of the contract that the cases are about.
const VERSION: &str = "0.1.0";

/// What a component exports, and may import.
const EXPORTS: [&str; 5] = ["config", "login", "claims", "logout", "messages"];
const IMPORTS: [&str; 8] = [
    "cache",
    "clock",
    "http",
    "log",
    "random",
    "signatures",
    "storage",
    "types",
];

/// Answers what a component asks of its host.
pub trait Imports: Send {
    /// The answer to `interface.function`; null where the function gives nothing back. An error traps the component.
    ///
    /// # Errors
    /// When there is no answer.
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value>;
}

/// Shared, because the store outlives the borrow that a call could give it.
type Shared = Arc<Mutex<dyn Imports>>;

/// A loaded component.
pub struct Sandbox {
    engine: Engine,
    pre: InstancePre<Option<Shared>>,
    sha256: String,
}

impl Sandbox {
    /// Reads and compiles a component.
    ///
    /// # Errors
    /// When it is not there, is no component, or is one of another contract or version, and says which.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the component {}", path.display()))?;
        Self::new(&bytes).with_context(|| path.display().to_string())
    }

    /// As [`Sandbox::load`], from bytes.
    ///
    /// # Errors
    /// As there.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true).gc_support(false);
        let engine = Engine::new(&config).map_err(told)?;
        is_component(bytes)?;
        let component = Component::from_binary(&engine, bytes)
            .map_err(|error| anyhow::anyhow!("this component is broken: {error:#}"))?;
        speaks_the_contract(&engine, &component)?;
        let pre = linker(&engine, &component)?
            .instantiate_pre(&component)
            .map_err(told)?;
        let sha256 = Sha256::digest(bytes);
        Ok(Self {
            engine,
            pre,
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// SHA-256 of the component's bytes, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Calls `interface.function` in a fresh instance.
    ///
    /// # Errors
    /// When an argument is not of its type, the component traps, or an import has no answer.
    pub fn call<I: Imports + 'static>(
        &self,
        call: &str,
        arguments: &[Value],
        imports: &Arc<Mutex<I>>,
    ) -> Result<Value> {
        self.metered(call, arguments, imports)
            .map(|(result, _)| result)
    }

    /// As [`Sandbox::call`], with the instructions that it took.
    ///
    /// # Errors
    /// As there.
    pub fn metered<I: Imports + 'static>(
        &self,
        call: &str,
        arguments: &[Value],
        imports: &Arc<Mutex<I>>,
    ) -> Result<(Value, u64)> {
        let (interface, function) = call
            .split_once('.')
            .context("a call is interface.function")?;
        let shared: Shared = Arc::clone(imports) as Shared;
        let mut store = Store::new(&self.engine, Some(shared));
        store.set_fuel(FUEL).map_err(told)?;
        let instance = self.pre.instantiate(&mut store).map_err(told)?;
        let index = instance
            .get_export_index(&mut store, None, &full_name(interface))
            .and_then(|outer| instance.get_export_index(&mut store, Some(&outer), function))
            .with_context(|| format!("the component exports no {call}"))?;
        let exported = instance
            .get_func(&mut store, index)
            .with_context(|| format!("{call} is no function"))?;
        let shape = exported.ty(&store);
        ensure!(
            shape.params().len() == arguments.len(),
            "{call} takes {} arguments",
            shape.params().len()
        );
        let arguments = shape.params().zip(arguments).map(|((name, kind), value)| {
            to_val(value, &kind).with_context(|| format!("{call}: {name}"))
        });
        let arguments = arguments.collect::<Result<Vec<Val>>>()?;
        let mut results = vec![Val::Bool(false); shape.results().len()];
        exported
            .call(&mut store, &arguments, &mut results)
            .map_err(told)?;
        let used = FUEL - store.get_fuel().map_err(told)?;
        Ok((results.first().map_or(Value::Null, to_json), used))
    }
}

/// wasmtime's errors are of a type of their own.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// Every import as one that asks the store's [`Imports`].
fn linker(engine: &Engine, component: &Component) -> Result<Linker<Option<Shared>>> {
    let mut linker = Linker::<Option<Shared>>::new(engine);
    for (interface, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(shape) = item.ty else {
            bail!("the component imports {interface}, which is no interface");
        };
        let mut instance = linker.instance(interface).map_err(told)?;
        let short = short_name(interface);
        for (function, item) in shape.exports(engine) {
            if !matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                continue;
            }
            let name = format!("{short}.{function}");
            instance
                .func_new(function, move |store, shape, params, results| {
                    let arguments = params.iter().map(to_json).collect();
                    let imports = store.data().clone();
                    let answer = imports
                        .context("nobody answers")
                        .and_then(|imports| {
                            let mut imports =
                                imports.lock().unwrap_or_else(PoisonError::into_inner);
                            imports.answer(&name, arguments)
                        })
                        .and_then(|answer| {
                            shape
                                .results()
                                .map(|kind| to_val(&answer, &kind))
                                .collect::<Result<Vec<_>>>()
                        })
                        .map_err(|error| wasmtime::Error::msg(format!("{name}: {error:#}")))?;
                    results
                        .iter_mut()
                        .zip(answer)
                        .for_each(|(slot, value)| *slot = value);
                    Ok(())
                })
                .map_err(told)?;
        }
    }
    Ok(linker)
}

/// The first bytes of WebAssembly, and what comes after them in a core module.
const MAGIC: &[u8] = b"\0asm";
const CORE: &[u8] = b"\x01\0\0\0";

/// Tells what else a file is, by its first bytes.
fn is_component(bytes: &[u8]) -> Result<()> {
    ensure!(
        !bytes.is_empty(),
        "this file is empty: build the component again"
    );
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        bail!("this is no WebAssembly: give the file of a component, in its binary form");
    };
    ensure!(
        !rest.starts_with(CORE),
        "this is a core module of WebAssembly: make a component of it, for example with `wasm-tools component new`"
    );
    Ok(())
}

/// Tells a component of another version, or of something else, what it lacks and what it asks too much.
fn speaks_the_contract(engine: &Engine, component: &Component) -> Result<()> {
    let shape = component.component_type();
    let exported: Vec<String> = shape.exports(engine).map(|(name, _)| name.into()).collect();
    let missing = EXPORTS.into_iter().map(full_name);
    let missing: Vec<String> = missing.filter(|name| !exported.contains(name)).collect();
    let granted: Vec<String> = IMPORTS.into_iter().map(full_name).collect();
    let foreign = shape.imports(engine).map(|(name, _)| name.to_owned());
    let foreign: Vec<String> = foreign.filter(|name| !granted.contains(name)).collect();

    let mut wrong = Vec::new();
    if !missing.is_empty() {
        let (missing, exported) = (listed(&missing), listed(&exported));
        wrong.push(format!(
            "It does not export {missing}. What it exports: {exported}."
        ));
    }
    if !foreign.is_empty() {
        let (foreign, granted) = (listed(&foreign), listed(&granted));
        wrong.push(format!(
            "It imports {foreign}. What it may import: {granted}."
        ));
    }
    ensure!(
        wrong.is_empty(),
        "this component cannot be tested, because the cases are about version {VERSION} of sso:provider. {} Please \
         build it against that version, which is in `wit/`.",
        wrong.join(" ")
    );
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.join(", ")
}

fn full_name(interface: &str) -> String {
    format!("sso:provider/{interface}@{VERSION}")
}

fn short_name(interface: &str) -> &str {
    let name = interface
        .split_once('/')
        .map_or(interface, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}
