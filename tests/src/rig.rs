//! What a case is run on: the scripted host, or a real one.

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use okta_sso_host::record::Recording;
use okta_sso_host::{Plugin, Signature};
use serde_json::Value;
use wasmtime::component::Val;

use crate::case::{HostScript, Object};
use crate::connection::scope;
use crate::host::{Entries, ScriptedHost};
use crate::provider::{Provider, Request};
use crate::value::{to_json, to_val};

/// A component with everything that surrounds it.
#[async_trait]
pub trait Rig: Sync {
    /// Puts up the provider, the clock and the host's faults for the next call; forgets earlier requests and log lines.
    ///
    /// # Errors
    /// When this rig cannot play one of them.
    async fn set(&self, provider: Provider, now: u64, script: HostScript) -> Result<()>;

    /// Calls `interface.function`: on behalf of `connection`, or with every capability denied.
    ///
    /// # Errors
    /// When there is no such function, an argument is not of its type, or the call was ended.
    async fn call(
        &self,
        function: &str,
        connection: Option<&Object>,
        arguments: &[Value],
    ) -> Result<Val>;

    /// What has happened since [`Rig::set`].
    fn seen(&self) -> Seen;
}

/// What a rig saw of the calls that ran on it.
pub struct Seen {
    /// Every request, in order.
    pub requests: Vec<Request>,
    /// What a real provider would have refused.
    pub violations: Vec<String>,
    /// The log.
    pub log: String,
    /// What the storage holds, where a rig can look into it.
    pub entries: Option<Entries>,
}

/// The scripted host.
pub struct Scripted<'a> {
    plugin: Plugin,
    host: &'a ScriptedHost,
}

impl<'a> Scripted<'a> {
    /// `plugin` over this host, which nothing else has used.
    #[must_use]
    pub fn new(plugin: &Plugin, host: &'a ScriptedHost) -> Self {
        let plugin = plugin.with_capabilities(host.capabilities());
        Self { plugin, host }
    }

    /// The same, with every call that uses capabilities written to the journal.
    #[must_use]
    pub fn recorded(plugin: &Plugin, host: &'a ScriptedHost) -> Self {
        let plugin = plugin.with_capabilities(host.recorded_capabilities());
        Self { plugin, host }
    }
}

#[async_trait]
impl Rig for Scripted<'_> {
    async fn set(&self, provider: Provider, now: u64, script: HostScript) -> Result<()> {
        let mut world = self.host.world();
        world.provider = provider;
        world.now = now;
        world.script = script;
        world.log.clear();
        Ok(())
    }

    async fn call(
        &self,
        function: &str,
        connection: Option<&Object>,
        arguments: &[Value],
    ) -> Result<Val> {
        let (interface, name) = split(function)?;
        let arguments = typed(&signature(&self.plugin, function)?, function, arguments)?;
        let scope = connection.map(scope).transpose()?;
        let results = self
            .plugin
            .call(interface, name, scope.as_ref(), &arguments)
            .await;
        let mut results = results.map_err(|fault| anyhow::anyhow!("{function}: {fault}"))?;
        let result = results
            .pop()
            .with_context(|| format!("{function} gives nothing back"))?;
        if connection.is_none() {
            // A call without capabilities is nobody's, so the host does not record it.
            self.host.world().journal.push(Recording {
                component: self.plugin.sha256().to_owned(),
                connection: String::new(),
                reference: None,
                call: function.to_owned(),
                arguments: arguments.iter().map(to_json).collect(),
                trace: Vec::new(),
                outcome: to_json(&result),
            });
        }
        Ok(result)
    }

    fn seen(&self) -> Seen {
        let world = self.host.world();
        Seen {
            requests: world.provider.requests.clone(),
            violations: world.provider.violations.clone(),
            log: world.log.join("\n"),
            entries: Some(world.entries.clone()),
        }
    }
}

/// `interface.function` in its two parts.
pub(crate) fn split(function: &str) -> Result<(&str, &str)> {
    function
        .split_once('.')
        .context("a call is interface.function")
}

/// The types of an exported function.
pub(crate) fn signature(plugin: &Plugin, function: &str) -> Result<Signature> {
    let (interface, name) = split(function)?;
    let signature = plugin.signature(interface, name);
    signature.with_context(|| format!("the component exports no {function}"))
}

/// `arguments` as values of the function's types.
pub(crate) fn typed(
    signature: &Signature,
    function: &str,
    arguments: &[Value],
) -> Result<Vec<Val>> {
    ensure!(
        signature.params.len() == arguments.len(),
        "{function}: number of arguments"
    );
    let arguments = signature.params.iter().zip(arguments);
    arguments
        .map(|((parameter, kind), value)| {
            to_val(value, kind).with_context(|| format!("{function}: {parameter}"))
        })
        .collect()
}
