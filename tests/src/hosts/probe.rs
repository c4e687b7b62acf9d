//! Tries a host: runs the probe's checks on it, a promise of the contract each, and says which are broken.

mod http;
mod state;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::provider::Provider;
use super::{Host, Outcome, Start};

/// The component that tries hosts.
pub const PROBE: &str = "host_probe.wasm";

/// The client secret of every connection: with letters that a form must encode.
pub const CLIENT_SECRET: &str = "s3cret +&=%:/~*-._é";

/// The clock while it stands still.
pub const NOW: u64 = 1_790_000_000;

/// A promise and everything that was found to break it.
pub type Broken = BTreeMap<&'static str, Vec<String>>;

/// Starts a host.
pub type Starter<'a> =
    &'a (dyn Fn(Start) -> Pin<Box<dyn Future<Output = Result<Arc<dyn Host>>> + Send>> + Sync);

/// Every promise that is tried, by the name under which it is reported.
pub const PROMISES: [&str; 33] = [
    "cache-apart-from-storage",
    "cache-bounds",
    "cache-ends",
    "cache-replaces",
    "cache-scoped",
    "check-without-capabilities",
    "clock",
    "fresh-instances",
    "http-answer-whole",
    "http-answers-broken",
    "http-credential",
    "http-credential-elsewhere",
    "http-deadline",
    "http-exchanges-counted",
    "http-foreign-host",
    "http-headers",
    "http-loopback",
    "http-no-decompression",
    "http-plain",
    "http-private-address",
    "http-redirect",
    "http-request-unchanged",
    "http-sent-once",
    "http-size",
    "log",
    "random",
    "signatures",
    "storage-bounds",
    "storage-bytes",
    "storage-ends",
    "storage-first-stays",
    "storage-scoped",
    "storage-taken-once",
];

/// Tries every promise; what is broken comes back.
///
/// # Errors
/// When the host cannot be tried at all.
pub async fn try_host(start: Starter<'_>) -> Result<Broken> {
    let about = Start {
        client_secret: CLIENT_SECRET.to_owned(),
        ..Start::with(PROBE)
    };
    let hurried = Start {
        deadline: Duration::from_millis(300),
        ..about.clone()
    };
    let mut trial = Trial {
        host: start(about).await?,
        provider: Provider::start().await?,
        stranger: Provider::start().await?,
        broken: Broken::new(),
        connections: 0,
    };
    trial.instances().await?;
    state::all(&mut trial).await?;
    http::all(&mut trial).await?;
    trial.host = start(hurried).await?;
    http::deadline(&mut trial).await?;
    Ok(trial.broken)
}

/// One host being tried, with the providers that it may and may not ask.
struct Trial {
    host: Arc<dyn Host>,
    provider: Provider,
    stranger: Provider,
    broken: Broken,
    connections: usize,
}

/// What a check saw, where it takes several to judge: names and values.
type Seen = Vec<(String, String)>;

impl Trial {
    /// A connection of its own, in development at the provider.
    fn connection(&mut self) -> Value {
        self.connections += 1;
        let issuer = format!("http://{}", self.provider.authority);
        json!({
            "id": format!("connection-{}", self.connections),
            "revision": "1",
            "issuer": issuer,
            "hosts": [self.provider.authority],
            "client-id": "client:1",
            "redirect-uri": "https://app.ledgerline.example/callback",
            "post-logout-redirect-uri": null,
            "scopes": ["openid"],
            "email-domains": [],
            "policy": {
                "algorithms": ["rs256"],
                "client-auth": "client-secret-basic",
                "email-rule": "exact",
                "clock-tolerance": 0,
                "max-age": null,
                "acr-values": [],
                "pushed-authorization": "never",
                "network": "danger-loopback",
            },
        })
    }

    /// Runs one check and notes what it found to be broken under `promise`.
    async fn check(
        &mut self,
        promise: &'static str,
        connection: &Value,
        check: &str,
        with: &str,
    ) -> Result<Seen> {
        let outcome = run(self.host.as_ref(), connection, check, with).await?;
        Ok(self.note(promise, check, outcome))
    }

    /// Sorts what a check found.
    fn note(&mut self, promise: &'static str, check: &str, outcome: Outcome) -> Seen {
        let rehearsal = match outcome {
            Outcome::Value(rehearsal) => rehearsal,
            ended => {
                self.breaks(promise, format!("{check} ended in {ended:?}"));
                return Seen::new();
            }
        };
        let mut seen = Seen::new();
        for finding in rehearsal["checks"].as_array().into_iter().flatten() {
            let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            let (reason, found) = (text("reason"), text("found"));
            if finding["outcome"] == "pass" {
                seen.push((reason, found));
                continue;
            }
            // Noted by every check of the probe, whatever else it tries.
            let promise = match reason.starts_with("instance/") {
                true => "fresh-instances",
                false => promise,
            };
            let expected = text("expected");
            self.breaks(
                promise,
                format!("{reason}: expected {expected}, found {found}"),
            );
        }
        seen
    }

    fn breaks(&mut self, promise: &'static str, what: String) {
        debug_assert!(PROMISES.contains(&promise), "{promise} is not listed");
        self.broken.entry(promise).or_default().push(what);
    }

    fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        promise: &'static str,
        what: &str,
        expected: &T,
        found: &T,
    ) {
        if expected != found {
            self.breaks(
                promise,
                format!("{what}: expected {expected:?}, found {found:?}"),
            );
        }
    }

    /// A call sees nothing of an earlier one, and `config.check` no capability at all.
    async fn instances(&mut self) -> Result<()> {
        let connection = self.connection();
        for _ in 0..3 {
            self.check("fresh-instances", &connection, "clock/now", "")
                .await?;
        }
        let capabilities = [
            "cache",
            "clock",
            "http",
            "log",
            "random",
            "signatures",
            "storage",
        ];
        for capability in capabilities {
            let settings = json!({
                "connection-id": capability,
                "client-id": "client",
                "client-secret": CLIENT_SECRET,
                "issuer": connection["issuer"],
                "redirect-uri": connection["redirect-uri"],
                "post-logout-redirect-uri": null,
                "email-domains": [],
                "policy": connection["policy"],
            });
            let outcome = self.host.call(None, "config.check", vec![settings]).await?;
            if !matches!(outcome, Outcome::Fault(_)) {
                self.breaks("check-without-capabilities", format!("{outcome:?}"));
            }
        }
        Ok(())
    }
}

/// Runs one check of the probe.
async fn run(host: &dyn Host, connection: &Value, check: &str, with: &str) -> Result<Outcome> {
    let callback = json!({ "query": check, "browser-binding": with });
    let arguments = vec![connection.clone(), callback];
    host.call(Some(connection), "login.rehearse", arguments)
        .await
        .with_context(|| format!("{check} {with}"))
}
