//! Writes down what passes between the component and the capabilities.

use serde_json::Value;
use wasmtime::component::HasData;

use crate::bindings::sso::provider::{cache, clock, http, log, random, signatures, storage, types};
use crate::contract::{Algorithm, Level, LogField};
use crate::record::{Exchange, json};
use crate::state::CallState;

/// The capabilities of one call with a tape beside them.
pub(crate) struct Taped<'a>(pub(crate) &'a mut CallState);

/// What the linker makes of a call's state.
pub(crate) struct HasTape;

impl HasData for HasTape {
    type Data<'a> = Taped<'a>;
}

/// Passes a call on, and notes it with its answer when there is a tape. A call that traps has no answer.
macro_rules! taped {
    ($taped:ident, $name:literal, $interface:ident :: $function:ident ( $($argument:ident),* )) => {{
        let state = &mut *$taped.0;
        let arguments: Option<Vec<Value>> =
            state.tape.as_ref().map(|_| vec![$(json::of(&$argument)),*]);
        let answer = $interface::Host::$function(state $(, $argument)*).await?;
        if let (Some(tape), Some(arguments)) = (&mut state.tape, arguments) {
            let result = json::of(&answer);
            tape.push(Exchange { import: $name.to_owned(), arguments, result });
        }
        Ok(answer)
    }};
}

impl types::Host for Taped<'_> {}

impl http::Host for Taped<'_> {
    async fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::Error>> {
        taped!(self, "http.send", http::send(request))
    }
}

impl storage::Host for Taped<'_> {
    async fn put_if_absent(
        &mut self,
        key: Vec<u8>,
        value: Vec<u8>,
        time_to_live: u32,
    ) -> wasmtime::Result<Result<bool, storage::Error>> {
        taped!(
            self,
            "storage.put-if-absent",
            storage::put_if_absent(key, value, time_to_live)
        )
    }

    async fn take(
        &mut self,
        key: Vec<u8>,
    ) -> wasmtime::Result<Result<storage::Lookup, storage::Error>> {
        taped!(self, "storage.take", storage::take(key))
    }
}

impl cache::Host for Taped<'_> {
    async fn get(&mut self, key: Vec<u8>) -> wasmtime::Result<storage::Lookup> {
        taped!(self, "cache.get", cache::get(key))
    }

    async fn put(
        &mut self,
        key: Vec<u8>,
        value: Vec<u8>,
        time_to_live: u32,
    ) -> wasmtime::Result<()> {
        taped!(self, "cache.put", cache::put(key, value, time_to_live))
    }
}

impl clock::Host for Taped<'_> {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        taped!(self, "clock.now", clock::now())
    }
}

impl random::Host for Taped<'_> {
    async fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        taped!(self, "random.bytes", random::bytes(length))
    }
}

impl signatures::Host for Taped<'_> {
    async fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: String,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> wasmtime::Result<Result<(), signatures::Error>> {
        taped!(
            self,
            "signatures.verify",
            signatures::verify(algorithm, jwk, message, signature)
        )
    }
}

impl log::Host for Taped<'_> {
    async fn event(
        &mut self,
        level: Level,
        code: String,
        fields: Vec<LogField>,
    ) -> wasmtime::Result<()> {
        taped!(self, "log.event", log::event(level, code, fields))
    }
}
