//! The component's structured events.

use crate::contract::Level;
use crate::scope::Scope;

/// Where the component's events go.
pub trait Log: Send + Sync {
    /// One event. The host has already bounded it and escaped control characters.
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]);
}

/// Events as `tracing` events of the target `okta_sso::plugin`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingLog;

impl Log for TracingLog {
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]) {
        const TARGET: &str = "okta_sso::plugin";
        let connection = scope.connection_id.as_str();
        // `tracing` fixes field names at compile time; the component's own travel in one.
        let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
        let fields = fields.collect::<Vec<_>>().join(" ");
        match level {
            Level::Debug => tracing::debug!(target: TARGET, connection, fields, "{code}"),
            Level::Info => tracing::info!(target: TARGET, connection, fields, "{code}"),
            Level::Warn => tracing::warn!(target: TARGET, connection, fields, "{code}"),
            Level::Error => tracing::error!(target: TARGET, connection, fields, "{code}"),
        }
    }
}
