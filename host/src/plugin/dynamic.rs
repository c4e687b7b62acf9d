//! Calls by name with dynamic values, for tools and tests.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::timeout;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Type, Val};

use super::Plugin;
use crate::component;
use crate::contract::Connection;
use crate::error::{CallError, SetupError};
use crate::record;
use crate::sandbox::{Call, finish};

/// Parameters and results of one exported function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Names and types, in order.
    pub params: Vec<(String, Type)>,
    /// At most one.
    pub results: Vec<Type>,
}

impl Plugin {
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
        let ComponentItem::ComponentInstance(exported) =
            component::exported(&shape, engine, interface)?
        else {
            return None;
        };
        match exported.get_export(engine, function)?.ty {
            ComponentItem::ComponentFunc(function) => Some(function),
            _ => None,
        }
    }
}
