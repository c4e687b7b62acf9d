//! The host's side of every capability: what is judged before a capability is used.

use std::sync::Arc;

use tracing::Instrument as _;
use wasmtime::component::Linker;

use crate::bindings::SsoProvider;
use crate::bindings::sso::provider::{cache, clock, http, log, random, signatures, storage, types};
use crate::capability::{Capabilities, HttpError, SignatureError};
use crate::contract::{Algorithm, Level, LogField};
use crate::error::{SetupError, Trap};
use crate::exchange;
use crate::limits::{Limits, Meter};
use crate::record::Exchange;
use crate::record::tape::{HasTape, Taped};
use crate::scope::{Scope, StorageKey};

const MAX_KEY: usize = 256;
const MAX_STORED: usize = 16 << 10;
const MAX_CACHED: usize = 256 << 10;
const MAX_TIME_TO_LIVE: u32 = 86_400;
const MAX_RANDOM: u32 = 64;
const MAX_JWK: usize = 16 << 10;
const MAX_EVENT: usize = 1 << 10;
const MAX_CODE: usize = 64;

/// What one call may do, and what it has left.
pub(crate) struct CallState {
    capabilities: Arc<Capabilities>,
    /// None: every capability is denied.
    scope: Option<Scope>,
    pub(crate) meter: Meter,
    /// What capabilities were asked and answered, when this call is recorded.
    pub(crate) tape: Option<Vec<Exchange>>,
    exchanges_left: u32,
    log_events_left: u32,
}

impl CallState {
    pub(crate) fn new(
        capabilities: Arc<Capabilities>,
        scope: Option<Scope>,
        limits: &Limits,
    ) -> Self {
        Self {
            tape: scope
                .as_ref()
                .filter(|scope| {
                    let recorder = capabilities.recorder.as_ref();
                    recorder.is_some_and(|recorder| recorder.wants(&scope.connection_id))
                })
                .map(|_| Vec::new()),
            capabilities,
            scope,
            meter: Meter::new(limits),
            exchanges_left: limits.exchanges,
            log_events_left: limits.log_events,
        }
    }

    /// The call's scope; a capability that is used without one breaks the contract.
    fn scope(&self, capability: &'static str) -> Result<&Scope, Trap> {
        self.scope.as_ref().ok_or(Trap::Breach(capability))
    }

    /// Whose call it is; empty when it is nobody's.
    pub(crate) fn connection_id(&self) -> &str {
        self.scope
            .as_ref()
            .map_or("", |scope| scope.connection_id.as_str())
    }

    fn now(&self) -> u64 {
        self.capabilities.clock.now()
    }
}

/// The imports that a component is linked with: the seven capabilities, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> Result<Linker<CallState>, SetupError> {
    let mut linker = Linker::new(engine);
    SsoProvider::add_to_linker::<_, HasTape>(&mut linker, |state| Taped(state))
        .map_err(|_| SetupError::Engine)?;
    Ok(linker)
}

impl types::Host for CallState {}

impl http::Host for CallState {
    async fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let scope = self.scope("http")?;
        let Some(mut left) = self.exchanges_left.checked_sub(1) else {
            return Ok(Err(http::Error::BudgetExhausted));
        };
        let span = tracing::error_span!("exchange", endpoint = request.endpoint.name());
        let answer = exchange::send(&self.capabilities, scope, request, &mut left);
        let answer = answer.instrument(span).await;
        self.exchanges_left = left;
        Ok(answer.map_err(|error| match error {
            HttpError::Denied => http::Error::Denied,
            HttpError::Unreachable => http::Error::Unreachable,
            HttpError::Timeout => http::Error::Timeout,
            HttpError::TooLarge => http::Error::TooLarge,
        }))
    }
}

impl storage::Host for CallState {
    async fn put_if_absent(
        &mut self,
        key: Vec<u8>,
        value: Vec<u8>,
        time_to_live: u32,
    ) -> wasmtime::Result<Result<bool, storage::Error>> {
        let scope = self.scope("storage")?;
        if !is_key(&key) || !(1..=MAX_TIME_TO_LIVE).contains(&time_to_live) {
            return Ok(Err(storage::Error::Invalid));
        }
        if value.len() > MAX_STORED {
            return Ok(Err(storage::Error::TooLarge));
        }
        let key = StorageKey::plugin(&scope.connection_id, &key);
        let storage = &self.capabilities.storage;
        let stored = storage
            .put_if_absent(&key, &value, self.now(), time_to_live)
            .await;
        Ok(stored.map_err(|_| storage::Error::Unavailable))
    }

    async fn take(
        &mut self,
        key: Vec<u8>,
    ) -> wasmtime::Result<Result<storage::Lookup, storage::Error>> {
        let scope = self.scope("storage")?;
        if !is_key(&key) {
            return Ok(Err(storage::Error::Invalid));
        }
        let key = StorageKey::plugin(&scope.connection_id, &key);
        let taken = self.capabilities.storage.take(&key, self.now()).await;
        Ok(taken.map(lookup).map_err(|_| storage::Error::Unavailable))
    }
}

impl cache::Host for CallState {
    async fn get(&mut self, key: Vec<u8>) -> wasmtime::Result<storage::Lookup> {
        let scope = self.scope("cache")?;
        let Some(cache) = self.capabilities.cache.as_ref().filter(|_| is_key(&key)) else {
            return Ok(storage::Lookup::Absent);
        };
        Ok(lookup(cache.get(scope, &key, self.now()).await))
    }

    async fn put(
        &mut self,
        key: Vec<u8>,
        value: Vec<u8>,
        time_to_live: u32,
    ) -> wasmtime::Result<()> {
        let scope = self.scope("cache")?;
        if let Some(cache) = &self.capabilities.cache
            && is_key(&key)
            && value.len() <= MAX_CACHED
            && time_to_live > 0
        {
            cache
                .put(
                    scope,
                    &key,
                    &value,
                    self.now(),
                    time_to_live.min(MAX_TIME_TO_LIVE),
                )
                .await;
        }
        Ok(())
    }
}

impl clock::Host for CallState {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        self.scope("clock")?;
        Ok(Self::now(self))
    }
}

impl random::Host for CallState {
    async fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.scope("random")?;
        if !(1..=MAX_RANDOM).contains(&length) {
            return Err(Trap::Breach("random").into());
        }
        let mut bytes = vec![0; length as usize];
        self.capabilities
            .random
            .fill(&mut bytes)
            .map_err(|_| Trap::NoRandomBytes)?;
        Ok(bytes)
    }
}

impl signatures::Host for CallState {
    async fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: String,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> wasmtime::Result<Result<(), signatures::Error>> {
        self.scope("signatures")?;
        if jwk.len() > MAX_JWK {
            return Ok(Err(signatures::Error::UnusableKey));
        }
        let verdict = self
            .capabilities
            .signatures
            .verify(algorithm, &jwk, &message, &signature);
        Ok(verdict.map_err(|error| match error {
            SignatureError::UnusableKey => signatures::Error::UnusableKey,
            SignatureError::Mismatch => signatures::Error::Mismatch,
        }))
    }
}

impl log::Host for CallState {
    async fn event(
        &mut self,
        level: Level,
        code: String,
        fields: Vec<LogField>,
    ) -> wasmtime::Result<()> {
        let scope = self.scope("log")?;
        let Some(left) = self.log_events_left.checked_sub(1) else {
            return Ok(());
        };
        let (code, fields) = printable(code, fields);
        self.capabilities.log.event(scope, level, &code, &fields);
        self.log_events_left = left;
        Ok(())
    }
}

fn is_key(key: &[u8]) -> bool {
    (1..=MAX_KEY).contains(&key.len())
}

fn lookup(value: Option<Vec<u8>>) -> storage::Lookup {
    value.map_or(storage::Lookup::Absent, storage::Lookup::Found)
}

/// An event within its bounds: a code of the right alphabet, and fields without control characters,
/// cut off at 1 KiB together.
fn printable(code: String, fields: Vec<LogField>) -> (String, Vec<(String, String)>) {
    let is_code_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-/".contains(&b);
    let code = if (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(is_code_byte) {
        code
    } else {
        "malformed-code".to_owned()
    };
    let mut left = MAX_EVENT - code.len();
    let mut escape = |text: &str| {
        let mut escaped = String::new();
        for character in text.chars() {
            // Line and paragraph separators and the marks of writing direction also forge lines.
            let plain = !character.is_control()
                && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let mut unit = String::new();
            if plain {
                unit.push(character)
            } else {
                unit.extend(character.escape_unicode())
            }
            let Some(rest) = left.checked_sub(unit.len()) else {
                left = 0;
                break;
            };
            left = rest;
            escaped.push_str(&unit);
        }
        escaped
    };
    let fields = fields
        .into_iter()
        .map(|field| (escape(&field.name), escape(&field.value)));
    let fields = fields.filter(|(name, _)| !name.is_empty()).collect();
    (code, fields)
}

#[cfg(test)]
mod tests;
