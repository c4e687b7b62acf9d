//! A platform that calls the library in a wrong way.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hosts::rust::RustHost;
use crate::hosts::{Event, Host, Outcome};

/// How the platform is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformFault {
    /// Every connection is in development.
    DevelopmentForAll,
    /// `localhost` is let in beside `127.0.0.1`.
    LocalhostAdded,
    /// What was typed is checked on behalf of the connection that called last.
    CheckOnBehalf,
}

pub(super) struct Platform {
    right: RustHost,
    fault: PlatformFault,
    last: Mutex<Option<Value>>,
}

impl Platform {
    pub(super) fn new(right: RustHost, fault: PlatformFault) -> Self {
        Self {
            right,
            fault,
            last: Mutex::default(),
        }
    }

    /// On whose behalf the call is made.
    fn behalf(&self, connection: Option<&Value>) -> Option<Value> {
        let mut connection = connection.cloned();
        match (self.fault, &mut connection) {
            (PlatformFault::DevelopmentForAll, Some(connection)) => {
                connection["policy"]["network"] = json!("danger-loopback");
            }
            (PlatformFault::LocalhostAdded, Some(connection)) => {
                let hosts = connection["hosts"].as_array().cloned().unwrap_or_default();
                let named = hosts.iter().filter_map(Value::as_str);
                let named = named.map(|host| json!(host.replace("127.0.0.1", "localhost")));
                connection["hosts"] = hosts.iter().cloned().chain(named).collect();
            }
            (PlatformFault::CheckOnBehalf, called) => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = called.take().or_else(|| last.take());
                connection.clone_from(&last);
            }
            _ => {}
        }
        connection
    }
}

#[async_trait]
impl Host for Platform {
    async fn call(
        &self,
        connection: Option<&Value>,
        function: &str,
        arguments: Vec<Value>,
    ) -> Result<Outcome> {
        let connection = self.behalf(connection);
        self.right
            .call(connection.as_ref(), function, arguments)
            .await
    }

    async fn set_clock(&self, now: Option<u64>) -> Result<()> {
        self.right.set_clock(now).await
    }

    fn events(&self) -> Vec<Event> {
        self.right.events()
    }
}
