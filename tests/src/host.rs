//! The capabilities of a scripted host: what a platform would lend, but each draw, each second and each answer known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use okta_sso_host::contract::{Algorithm, Level};
use okta_sso_host::record::{Recorder, Recording};
use okta_sso_host::{
    AwsLcSignatures, Cache, Capabilities, Clock, CredentialError, Credentials, Http, HttpError,
    HttpRequest, HttpResponse, Log, Random, RandomError, Scope, Secret, SignatureError, Signatures,
    Storage, StorageError, StorageKey, TracingLog,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::case::{HostScript, RandomScript, StorageScript};
use crate::provider::{Provider, Request};

/// The client secret of every case: the component must never see it, the provider must.
pub const CLIENT_SECRET: &str = "secret-0123456789-abcdefghij-ABCDEFGHIJ";

/// How a host may be wrong: fixtures of the test that shows that the cases notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `take` gives a value to two callers: reading and removing are not one step, or a replica lags.
    TakeGivesTwice,
    /// A storage that fails says that it stored, or that nothing was there.
    StorageFailuresHidden,
    /// Every signature is right.
    SignaturesSayYes,
    /// A key that cannot be used is told as a signature that does not match.
    UnusableKeysMismatch,
    /// An answer with a status of 3xx is replaced by what it leads to.
    RedirectsFollowed,
    /// A request that a 5xx answered is sent again.
    PostsRepeated,
    /// How long to wait is not passed on.
    RetryAfterDropped,
}

/// What the storage holds: key to value and the second from which it is gone.
pub type Entries = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

/// Cached bytes with the second from which they are gone, by connection and key.
type Cached = BTreeMap<(String, Vec<u8>), (Vec<u8>, u64)>;

/// All that a case may script, behind one lock.
#[derive(Default)]
pub struct World {
    /// The clock's seconds.
    pub now: u64,
    /// Faults.
    pub script: HostScript,
    /// What is wrong with this host.
    pub fault: Option<Fault>,
    /// The other side of the network.
    pub provider: Provider,
    /// The storage.
    pub entries: Entries,
    /// The log, one line an event.
    pub log: Vec<String>,
    /// Whole calls, when the capabilities are recorded.
    pub journal: Vec<Recording>,
    cached: Cached,
    /// What was taken once, for the fault that gives it twice.
    lagging: Entries,
    drawn: u64,
}

/// Hands out the capabilities of one [`World`].
#[derive(Clone, Default)]
pub struct ScriptedHost(Arc<Mutex<World>>);

impl ScriptedHost {
    /// The world, locked.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host that is wrong in one thing.
    #[must_use]
    pub fn broken(fault: Fault) -> Self {
        let host = Self::default();
        host.world().fault = Some(fault);
        host
    }

    /// The capabilities, with the host's own signature checks.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        let this = Arc::new(self.clone());
        Capabilities::new(this.clone(), this.clone())
            .with_http(this.clone())
            .with_cache(this.clone())
            .with_clock(this.clone())
            .with_random(this.clone())
            .with_signatures(this.clone())
            .with_log(this)
    }

    /// The capabilities, with every call that uses them written to the journal.
    #[must_use]
    pub fn recorded_capabilities(&self) -> Capabilities {
        self.capabilities().with_recorder(Arc::new(self.clone()))
    }
}

impl Recorder for ScriptedHost {
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn keep(&self, recording: Recording) {
        self.world().journal.push(recording);
    }
}

#[async_trait]
impl Http for ScriptedHost {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let limit = request.max_response;
        let request = Request {
            endpoint: kebab(&format!("{:?}", request.endpoint)),
            method: kebab(&format!("{:?}", request.method)),
            url: request.url.into(),
            headers: request
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body: request.body,
        };
        let mut world = self.world();
        let fault = world.fault;
        let mut answer = world.provider.answer(request.clone());
        if let Ok(response) = &mut answer {
            match (fault, response.status) {
                (Some(Fault::RedirectsFollowed), 300..=399) => {
                    answer = world.provider.usual(&request.endpoint);
                }
                (Some(Fault::PostsRepeated), 500..=599) if request.method == "post" => {
                    answer = world.provider.answer(request);
                }
                (Some(Fault::RetryAfterDropped), _) => {
                    response.headers.retain(|(name, _)| name != "retry-after");
                }
                _ => {}
            }
        }
        match answer {
            Ok(response) if response.body.len() > limit => Err(HttpError::TooLarge),
            Ok(response) => Ok(HttpResponse {
                status: response.status,
                headers: response.headers,
                body: response.body,
            }),
            Err(name) => Err(match name.as_str() {
                "denied" => HttpError::Denied,
                "timeout" => HttpError::Timeout,
                "too-large" => HttpError::TooLarge,
                _ => HttpError::Unreachable,
            }),
        }
    }
}

#[async_trait]
impl Storage for ScriptedHost {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let mut world = self.world();
        match world.script.storage {
            StorageScript::Works => {}
            StorageScript::Unavailable if world.fault == Some(Fault::StorageFailuresHidden) => {
                return Ok(true);
            }
            StorageScript::Unavailable => return Err(StorageError::Unavailable),
            StorageScript::Occupied => return Ok(false),
        }
        let live = world
            .entries
            .get(key.as_bytes())
            .is_some_and(|(_, gone)| now < *gone);
        if !live {
            let entry = (value.to_vec(), now + u64::from(time_to_live));
            world.entries.insert(key.as_bytes().to_vec(), entry);
        }
        Ok(!live)
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let mut world = self.world();
        if world.script.storage == StorageScript::Unavailable {
            return match world.fault {
                Some(Fault::StorageFailuresHidden) => Ok(None),
                _ => Err(StorageError::Unavailable),
            };
        }
        let mut entry = world.entries.remove(key.as_bytes());
        if world.fault == Some(Fault::TakeGivesTwice) {
            let key = key.as_bytes().to_vec();
            match entry.clone() {
                Some(entry) => drop(world.lagging.insert(key, entry)),
                None => entry = world.lagging.remove(&key),
            }
        }
        Ok(entry
            .filter(|(_, gone)| now < *gone)
            .map(|(value, _)| value))
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let world = self.world();
        let entry = world
            .entries
            .get(key.as_bytes())
            .filter(|(_, gone)| now < *gone);
        Ok(entry.map(|(value, _)| value.clone()))
    }
}

#[async_trait]
impl Credentials for ScriptedHost {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new(CLIENT_SECRET.into())))
    }
}

#[async_trait]
impl Cache for ScriptedHost {
    async fn get(&self, scope: &Scope, key: &[u8], now: u64) -> Option<Vec<u8>> {
        let key = (scope.connection_id.clone(), key.to_vec());
        let world = self.world();
        let (value, gone) = world.cached.get(&key)?;
        (now < *gone).then(|| value.clone())
    }

    async fn put(&self, scope: &Scope, key: &[u8], value: &[u8], now: u64, time_to_live: u32) {
        let key = (scope.connection_id.clone(), key.to_vec());
        self.world()
            .cached
            .insert(key, (value.to_vec(), now + u64::from(time_to_live)));
    }
}

impl Signatures for ScriptedHost {
    fn verify(
        &self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let verdict = AwsLcSignatures::default().verify(algorithm, jwk, message, signature);
        match self.world().fault {
            Some(Fault::SignaturesSayYes) => Ok(()),
            Some(Fault::UnusableKeysMismatch) => verdict.map_err(|_| SignatureError::Mismatch),
            _ => verdict,
        }
    }
}

impl Clock for ScriptedHost {
    fn now(&self) -> u64 {
        self.world().now
    }
}

impl Random for ScriptedHost {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let mut world = self.world();
        for chunk in bytes.chunks_mut(32) {
            if world.script.random == RandomScript::Counted {
                world.drawn += 1;
            }
            let drawn = Sha256::digest(world.drawn.to_be_bytes());
            chunk
                .iter_mut()
                .zip(drawn)
                .for_each(|(byte, drawn)| *byte = drawn);
        }
        Ok(())
    }
}

impl Log for ScriptedHost {
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]) {
        // What an operator would see of it, for the test that searches the log of everything.
        TracingLog.event(scope, level, code, fields);
        let line = format!("{} {level:?} {code} {fields:?}", scope.connection_id);
        self.world().log.push(line);
    }
}

/// A Rust variant's name as the contract spells it.
fn kebab(name: &str) -> String {
    let name = name.rsplit("::").next().unwrap_or(name);
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
