//! Sign-ins while something around them fails: the provider's keys, clocks, neighbours, machines.
//!
//! Names of tests begin with the row of `faults.toml` that they belong to.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong here shall stop the test"
)]

mod clocks;
mod keys;
mod limits;
mod machines;
mod rows;
mod tenants;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use okta_sso_conformance::stage::platform::{self, Host, Time};
use okta_sso_conformance::stage::provider::{Fault, Provider};
use okta_sso_conformance::stage::servers;
use okta_sso_host::CallError;
use okta_sso_host::contract::{Connection, LoginError, SignedIn, TokenProblem};

/// One tenant, its provider, and a host in this process; all on one clock that the test moves.
struct Stage {
    host: Host,
    provider: Arc<Provider>,
    connection: Connection,
    time: Time,
    /// The provider's: its own machine's.
    provider_time: Time,
}

type Outcome = Result<SignedIn, CallError<LoginError>>;

impl Stage {
    async fn open() -> Self {
        Self::over("memory").await
    }

    /// On the storage at this address.
    async fn over(storage: &str) -> Self {
        let (time, provider_time) = (Time::new(), Time::new());
        let storage = platform::storage(storage).await.unwrap();
        let host = Host::new(storage, Arc::new(time.clone())).await.unwrap();
        let provider = Provider::start(Arc::new(provider_time.clone()))
            .await
            .unwrap();
        let connection = host.connection("acme", provider.issuer()).await.unwrap();
        Self {
            host,
            provider,
            connection,
            time,
            provider_time,
        }
    }

    /// Time passes for both.
    fn pass(&self, seconds: i64) {
        self.time.pass(seconds);
        self.provider_time.pass(seconds);
    }

    /// Begins, and visits the provider.
    async fn begin(&self, fault: Option<Fault>) -> Attempt {
        let redirect = self.host.begin(&self.connection).await.unwrap();
        let visit = self.provider.visit(&redirect.url, fault).unwrap();
        Attempt {
            query: visit.query,
            code: visit.code,
            binding: redirect.browser_binding,
        }
    }

    async fn complete(&self, attempt: &Attempt) -> Outcome {
        self.host
            .complete(&self.connection, &attempt.query, &attempt.binding)
            .await
    }

    /// From start to end.
    async fn sign_in(&self, fault: Option<Fault>) -> Outcome {
        let attempt = self.begin(fault).await;
        self.complete(&attempt).await
    }
}

/// A browser that is back from the provider.
#[derive(Clone)]
struct Attempt {
    query: String,
    code: String,
    binding: String,
}

/// The code of a refusal; a sign-in stops the test.
#[track_caller]
fn refusal(outcome: Outcome) -> String {
    match outcome {
        Ok(signed_in) => panic!("signed in as {}", signed_in.identity.subject),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn token_problem(outcome: Outcome) -> TokenProblem {
    match outcome {
        Err(CallError::Answer(LoginError::TokenRejected(rejection))) => rejection.problem,
        other => panic!("{:?}", other.map(|_| "signed in")),
    }
}

/// The addresses of all backends that this run has; each test's own.
async fn backends() -> Vec<(&'static str, String)> {
    let mut backends = vec![("memory", "memory".to_owned())];
    backends.extend(shared_backends().await);
    backends
}

/// Those that several processes can share.
async fn shared_backends() -> Vec<(&'static str, String)> {
    let file = folder("storage").join("storage.db");
    let mut backends = vec![("sqlite", file.to_str().unwrap().to_owned())];
    let servers = [
        ("postgres", servers::postgres().await.unwrap()),
        ("redis", servers::redis().await.unwrap()),
    ];
    backends.extend(
        servers
            .into_iter()
            .filter_map(|(name, address)| Some((name, address?))),
    );
    backends
}

/// An empty folder under the target folder.
fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{name}-{number}"));
    let _ = std::fs::remove_dir_all(&folder); // of the run before
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
