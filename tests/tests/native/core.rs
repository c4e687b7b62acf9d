//! The native core, called with the JSON that the sandbox takes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use okta_sso_conformance::flat::sandbox::Imports;
use okta_sso_conformance::flat::types;
use okta_sso_host::record::of;
use okta_sso_plugin::capability::Capabilities;
use okta_sso_plugin::contract::sso::provider::http::{Error as HttpError, Request, Response};
use okta_sso_plugin::contract::sso::provider::log::Level;
use okta_sso_plugin::contract::sso::provider::signatures::Error as SignatureError;
use okta_sso_plugin::contract::sso::provider::storage::{Error as StorageError, Lookup};
use okta_sso_plugin::contract::sso::provider::types::Algorithm;
use okta_sso_plugin::flow::{begin, complete, rehearse};
use okta_sso_plugin::{
    callback, config, describe, email, id_token, logout, messages, probe, transaction,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::values::typed;

/// The core's functions by the contract's names.
pub(crate) struct Core {
    types: Value,
}

impl Core {
    pub(crate) fn new() -> Result<Self> {
        let types = types::contract()?;
        Ok(Self { types })
    }

    /// Calls `interface.function` as the component's shell does.
    pub(crate) fn call<I: Imports>(
        &self,
        call: &str,
        arguments: &[Value],
        imports: &Arc<Mutex<I>>,
    ) -> Result<Value> {
        let mut host = Asking {
            imports,
            types: &self.types["imports"],
        };
        let params = self.types["exports"][call]["params"]
            .as_array()
            .with_context(|| format!("there is no {call}"))?;
        let given = Arguments { arguments, params };
        catch_unwind(AssertUnwindSafe(|| dispatch(&mut host, call, &given))).unwrap_or_else(
            |reason| {
                let text = reason.downcast_ref::<String>();
                bail!(
                    "the core stopped: {}",
                    text.map_or("a panic", String::as_str)
                )
            },
        )
    }
}

/// Arguments as the core's own types.
struct Arguments<'a> {
    arguments: &'a [Value],
    params: &'a [Value],
}

impl Arguments<'_> {
    fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        let (value, param) = self
            .arguments
            .get(index)
            .zip(self.params.get(index))
            .with_context(|| format!("no argument {index}"))?;
        Ok(serde_json::from_value(typed(value, &param[1]))?)
    }
}

/// What `component.rs` of the plugin does with each call.
fn dispatch(host: &mut impl Capabilities, call: &str, given: &Arguments<'_>) -> Result<Value> {
    Ok(match call {
        "config.check" => of(&config::check(&given.get(0)?)),
        "config.probe" => of(&probe::probe(host, &given.get(0)?)),
        "config.describe" => of(&describe::describe(&given.get::<String>(0)?)),
        "login.begin" => of(&begin::begin(host, &given.get(0)?, &given.get(1)?)),
        "login.locate" => {
            let found = callback::parse(&given.get::<String>(0)?)
                .map(|callback| transaction::handle(&callback.state));
            of(&found)
        }
        "login.complete" => of(&complete::complete(host, &given.get(0)?, &given.get(1)?)),
        "login.rehearse" => of(&rehearse::rehearse(host, &given.get(0)?, &given.get(1)?)),
        "claims.validate" => of(&id_token::validate_claims(
            &given.get(0)?,
            &given.get::<String>(1)?,
            &given.get::<String>(2)?,
            &given.get(3)?,
        )),
        "claims.compare-email" => of(&email::compare(
            given.get(0)?,
            &given.get::<String>(1)?,
            &given.get::<String>(2)?,
        )),
        "logout.begin" => of(&logout::begin(
            host,
            &given.get(0)?,
            &given.get::<String>(1)?,
            given.get::<Option<String>>(2)?.as_deref(),
        )),
        "logout.receive-logout-token" => of(&logout::receive_logout_token(
            host,
            &given.get(0)?,
            &given.get::<String>(1)?,
        )),
        "logout.receive-revocation" => of(&logout::receive_revocation(
            host,
            &given.get(0)?,
            &given.get(1)?,
        )),
        "messages.codes" => of(&messages::codes()),
        "messages.explain" => of(&messages::explain(
            &given.get::<String>(0)?,
            &given.get::<String>(1)?,
        )),
        other => bail!("there is no {other}"),
    })
}

/// Asks its host in JSON.
struct Asking<'a, I> {
    imports: &'a Mutex<I>,
    types: &'a Value,
}

impl<I: Imports> Asking<'_, I> {
    /// A component would trap where there is no answer; here the call is unwound.
    fn ask<T: DeserializeOwned>(&self, import: &str, arguments: Vec<Value>) -> T {
        let answer = self
            .imports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(import, arguments)
            .and_then(|answer| {
                let kind = &self.types[import]["result"];
                serde_json::from_value(typed(&answer, kind)).map_err(|error| anyhow!(error))
            });
        answer.unwrap_or_else(|error| resume_unwind(Box::new(format!("{import}: {error:#}"))))
    }
}

fn found(lookup: Lookup) -> Option<Vec<u8>> {
    match lookup {
        Lookup::Found(value) => Some(value),
        Lookup::Absent => None,
    }
}

impl<I: Imports> Capabilities for Asking<'_, I> {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        self.ask("http.send", vec![of(request)])
    }

    fn put_if_absent(
        &mut self,
        key: &[u8],
        value: &[u8],
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let arguments = vec![of(key), of(value), json!(time_to_live)];
        self.ask("storage.put-if-absent", arguments)
    }

    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let taken: Result<Lookup, StorageError> = self.ask("storage.take", vec![of(key)]);
        taken.map(found)
    }

    fn cache_get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        found(self.ask("cache.get", vec![of(key)]))
    }

    fn cache_put(&mut self, key: &[u8], value: &[u8], time_to_live: u32) {
        let arguments = vec![of(key), of(value), json!(time_to_live)];
        self.ask("cache.put", arguments)
    }

    fn now(&mut self) -> u64 {
        self.ask("clock.now", Vec::new())
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        self.ask("random.bytes", vec![json!(length)])
    }

    fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let arguments = vec![of(&algorithm), of(jwk), of(message), of(signature)];
        self.ask("signatures.verify", arguments)
    }

    fn log(&mut self, level: Level, code: &str, fields: &[(&str, &str)]) {
        let fields = fields
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }));
        let fields: Value = fields.collect();
        self.ask("log.event", vec![of(&level), json!(code), fields])
    }
}
