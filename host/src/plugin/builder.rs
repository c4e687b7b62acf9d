//! Loading a component.

use std::sync::{Arc, RwLock};

use super::Plugin;
use crate::capability::{Capabilities, HttpClient, HttpOptions};
use crate::compiled::CompiledCache;
use crate::component::Component;
use crate::error::SetupError;
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::sandbox::Sandbox;

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
            self_contained: false,
        })
    }
}
