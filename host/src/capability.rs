//! What the host lends to a component: each capability a trait, each with a default.

pub mod cache;
pub mod clock;
pub mod http;
pub mod log;
pub mod random;
pub mod signatures;

use std::sync::Arc;

pub use cache::{Cache, MemoryCache};
pub use clock::{Clock, SystemClock};
pub use http::{
    Deadlines, Http, HttpClient, HttpError, HttpOptions, HttpRequest, HttpResponse, Resolver,
    SystemResolver,
};
pub use log::{Log, TracingLog};
pub use random::{OsRandom, Random, RandomError};
pub use signatures::{AwsLcSignatures, SignatureError, Signatures};

use crate::credential::Credentials;
use crate::record::Recorder;
use crate::store::Storage;
use crate::store::timely::Timely;

/// The capabilities that a plugin runs with.
#[derive(Clone)]
pub struct Capabilities {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) http: Option<Arc<dyn Http>>,
    pub(crate) cache: Option<Arc<dyn Cache>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) signatures: Arc<dyn Signatures>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
}

impl Capabilities {
    /// The two that have no default that would be right everywhere; the rest is defaulted.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, credentials: Arc<dyn Credentials>) -> Self {
        Self {
            storage: Arc::new(Timely(storage)),
            credentials,
            http: None,
            cache: Some(Arc::new(MemoryCache::default())),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            signatures: Arc::new(AwsLcSignatures::default()),
            log: Arc::new(TracingLog),
            recorder: None,
        }
    }

    /// Sends with `http` instead of the default client.
    #[must_use]
    pub fn with_http(mut self, http: Arc<dyn Http>) -> Self {
        self.http = Some(http);
        self
    }

    /// Caches in `cache` instead of this process's memory.
    #[must_use]
    pub fn with_cache(mut self, cache: Arc<dyn Cache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Reads `clock` instead of the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Draws from `random` instead of the operating system.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Verifies with `signatures` instead of `aws-lc-rs`.
    #[must_use]
    pub fn with_signatures(mut self, signatures: Arc<dyn Signatures>) -> Self {
        self.signatures = signatures;
        self
    }

    /// Logs to `log` instead of `tracing`.
    #[must_use]
    pub fn with_log(mut self, log: Arc<dyn Log>) -> Self {
        self.log = log;
        self
    }

    /// Lets `recorder` keep whole calls, of the connections that it names. By default none is kept.
    #[must_use]
    pub fn with_recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }
}
