//! Hosts that break a promise: the Rust host with one of its parts replaced by something wrong, as a platform could
//! bring it. Fixtures of the test that shows that the host kit notices.

mod capability;
mod http;
mod lenient;
mod platform;
mod signatures;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use okta_sso_host::Limits;
use serde::Deserialize;
use serde_json::json;

use super::rust::{Parts, RustHost};
use super::{Host, Start};

/// What is wrong with a host: the part, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// What may be forgotten.
    Cache(capability::CacheFault),
    /// The seconds.
    Clock(capability::ClockFault),
    /// The client's secret.
    Credentials(capability::CredentialsFault),
    /// Requests and answers.
    Http(http::HttpFault),
    /// Bounds of a call.
    Limits(LimitsFault),
    /// Where events go.
    Log(capability::LogFault),
    /// How the library is called.
    Platform(platform::PlatformFault),
    /// The random bytes.
    Random(capability::RandomFault),
    /// The signature checks.
    Signatures(signatures::SignaturesFault),
    /// What must not be lost or used twice.
    Storage(storage::StorageFault),
}

/// Bounds that are not those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitsFault {
    /// A ninth exchange is sent.
    NineExchanges,
    /// Sixty events are kept.
    SixtyEvents,
    /// No exchange has a deadline, so that the end of the call is the only one.
    NoDeadline,
}

impl LimitsFault {
    fn limits(self, right: Limits) -> Limits {
        match self {
            Self::NineExchanges => Limits {
                exchanges: 9,
                ..right
            },
            Self::SixtyEvents => Limits {
                log_events: 60,
                ..right
            },
            // Not so long that a test has to wait for it.
            Self::NoDeadline => Limits {
                wall: Duration::from_secs(3),
                ..right
            },
        }
    }
}

impl Fault {
    /// Starts a host that is wrong in this.
    ///
    /// # Errors
    /// When the component was not built.
    pub fn start(self, start: &Start) -> Result<Arc<dyn Host>> {
        let mut start = start.clone();
        if self == Self::Limits(LimitsFault::NoDeadline) {
            start.deadline = Duration::from_secs(3600);
        }
        let mut wrong = Ok(());
        let host = RustHost::start(&start, |mut parts| {
            wrong = self.replace(&mut parts, start.deadline);
            parts
        })?;
        wrong?;
        Ok(match self {
            Self::Platform(fault) => Arc::new(platform::Platform::new(host, fault)),
            _ => Arc::new(host),
        })
    }

    /// Puts what is wrong in the place of what is right.
    fn replace(self, parts: &mut Parts, deadline: Duration) -> Result<()> {
        match self {
            Self::Cache(fault) => {
                parts.cache = Arc::new(capability::Cached {
                    right: parts.cache.clone(),
                    storage: parts.storage.clone(),
                    fault,
                });
            }
            Self::Clock(fault) => {
                let right = parts.clock.clone();
                parts.clock = Arc::new(capability::Clocked { right, fault });
            }
            Self::Credentials(fault) => {
                let right = parts.credentials.clone();
                parts.credentials = Arc::new(capability::Credited { right, fault });
            }
            Self::Http(fault) => {
                parts.http = Arc::new(http::Sent::new(parts.http.clone(), fault, deadline)?);
            }
            Self::Limits(fault) => parts.limits = fault.limits(parts.limits.clone()),
            Self::Log(fault) => {
                let right = parts.log.clone();
                parts.log = Arc::new(capability::Logged { right, fault });
            }
            // Around the whole library.
            Self::Platform(_) => {}
            Self::Random(fault) => {
                let right = parts.random.clone();
                parts.random = Arc::new(capability::Drawn { right, fault });
            }
            Self::Signatures(fault) => {
                let right = parts.signatures.clone();
                parts.signatures = Arc::new(signatures::Verified { right, fault });
            }
            Self::Storage(fault) => {
                parts.storage = Arc::new(storage::Stored::new(parts.storage.clone(), fault));
            }
        }
        Ok(())
    }
}

/// `broken/host_kit.toml`.
pub struct Fixtures {
    /// Each broken host, and the promises that it breaks.
    pub broken: Vec<(Fault, BTreeSet<String>)>,
    /// Promises that no part of the host can break, and why.
    pub kept: BTreeMap<String, String>,
}

impl Fixtures {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read or has another form.
    pub fn read() -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Named {
            breaks: BTreeSet<String>,
        }
        #[derive(Deserialize)]
        struct File {
            kept: BTreeMap<String, String>,
            /// By part and fault.
            #[serde(flatten)]
            broken: BTreeMap<String, BTreeMap<String, Named>>,
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("broken/host_kit.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let mut broken = Vec::new();
        for (part, faults) in file.broken {
            for (fault, named) in faults {
                let fault = serde_json::from_value(json!({ part.as_str(): fault }))?;
                broken.push((fault, named.breaks));
            }
        }
        Ok(Self {
            broken,
            kept: file.kept,
        })
    }
}
