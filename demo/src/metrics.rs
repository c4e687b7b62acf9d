//! Figures about the process, for Prometheus. No tenant, no person and no address is in them.

mod measured;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use okta_sso_host::{Http, Log, Plugin, Storage};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use sqlx::AnyPool;

use self::measured::{MeasuredHttp, MeasuredLog, MeasuredStorage};

/// What is counted and timed.
pub(crate) struct Metrics {
    registry: Registry,
    sign_ins: Family<Outcome, Counter>,
    starts: Family<Status, Histogram>,
    callbacks: Family<Status, Histogram>,
    exchanges: Exchanges,
    storage: StorageOperations,
    refetches: KeyRefetches,
    busy: Gauge,
    places: Gauge,
    waited: Counter,
    connections: Gauge,
    idle_connections: Gauge,
    component: Family<Component, Gauge>,
    reloads: Family<Reload, Counter>,
}

/// Requests to providers, as those who wait for them see them.
type Exchanges = Family<Exchange, Histogram>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    /// A code of the history: of this product or of the plugin.
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Exchange {
    endpoint: &'static str,
    /// The class of the status, `2xx`, or 429, or why there was no answer: a provider does not choose how many there are.
    answer: &'static str,
}

/// Keys fetched again for a token whose key is not among those that are known.
type KeyRefetches = Family<KeyRefetch, Counter>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KeyRefetch {
    /// `made`, or `held-back` because there were many.
    outcome: &'static str,
}

/// What the storage of pending sign-ins was asked to do.
type StorageOperations = Family<StorageOperation, Histogram>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StorageOperation {
    operation: &'static str,
    /// `ok`, `unavailable`, or `abandoned` because it took too long.
    answer: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Component {
    sha256: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reload {
    outcome: &'static str,
}

/// From a millisecond to the most that a request may take.
fn durations() -> Histogram {
    Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ledgerline");
        let sign_ins = Family::default();
        registry.register("sign_ins", "Sign-ins by outcome", sign_ins.clone());
        let starts = Family::new_with_constructor(durations as fn() -> Histogram);
        registry.register_with_unit(
            "start",
            "Time from pressing Okta to the way there, by status",
            Unit::Seconds,
            starts.clone(),
        );
        let callbacks = Family::new_with_constructor(durations as fn() -> Histogram);
        registry.register_with_unit(
            "callback",
            "Time from a browser's return to the answer, by status",
            Unit::Seconds,
            callbacks.clone(),
        );
        let exchanges = Exchanges::new_with_constructor(durations);
        registry.register_with_unit(
            "provider",
            "Time of waiting for providers, by endpoint and answer, with what was shared or held back",
            Unit::Seconds,
            exchanges.clone(),
        );
        let storage = StorageOperations::new_with_constructor(durations);
        registry.register_with_unit(
            "storage",
            "Time of operations on pending sign-ins, by answer",
            Unit::Seconds,
            storage.clone(),
        );
        let refetches = KeyRefetches::default();
        registry.register(
            "key_refetches",
            "Times that a provider's keys were fetched again for an unknown key",
            refetches.clone(),
        );
        let (busy, places, waited) = (Gauge::default(), Gauge::default(), Counter::default());
        registry.register(
            "sandbox_busy",
            "Calls of the plugin that run now",
            busy.clone(),
        );
        registry.register(
            "sandbox_places",
            "Calls that may run at once",
            places.clone(),
        );
        registry.register(
            "sandbox_waits",
            "Calls of the plugin that waited for others to end",
            waited.clone(),
        );
        let (connections, idle_connections) = (Gauge::default(), Gauge::default());
        registry.register(
            "database_connections",
            "Connections to the database",
            connections.clone(),
        );
        registry.register(
            "database_connections_idle",
            "Of these, connections that nobody uses now",
            idle_connections.clone(),
        );
        let (component, reloads) = (Family::default(), Family::default());
        registry.register(
            "component_info",
            "The component that new sign-ins run",
            component.clone(),
        );
        registry.register(
            "component_reloads",
            "Times that the component's file was loaded again, by outcome",
            reloads.clone(),
        );
        Self {
            registry,
            sign_ins,
            starts,
            callbacks,
            exchanges,
            storage,
            refetches,
            busy,
            places,
            waited,
            connections,
            idle_connections,
            component,
            reloads,
        }
    }
}

impl Metrics {
    /// Somebody came in, or did not.
    pub(crate) fn sign_in(&self, code: &str) {
        let outcome = Outcome {
            outcome: code.to_owned(),
        };
        self.sign_ins.get_or_create(&outcome).inc();
    }

    /// A browser asked for the way to a provider and was answered.
    pub(crate) fn start(&self, status: StatusCode, started: Instant) {
        observe(&self.starts, status, started);
    }

    /// A browser came back from a provider and was answered.
    pub(crate) fn callback(&self, status: StatusCode, started: Instant) {
        observe(&self.callbacks, status, started);
    }

    /// This component runs.
    pub(crate) fn runs(&self, sha256: String) {
        self.component.clear();
        self.component.get_or_create(&Component { sha256 }).set(1);
    }

    /// The component's file was loaded again, and taken or refused.
    pub(crate) fn reloaded(&self, taken: bool) {
        let outcome = if taken { "taken" } else { "refused" };
        self.reloads.get_or_create(&Reload { outcome }).inc();
    }

    /// The same client, with its requests timed.
    pub(crate) fn measured(&self, http: impl Http + 'static) -> Arc<dyn Http> {
        let exchanges = self.exchanges.clone();
        Arc::new(MeasuredHttp { http, exchanges })
    }

    /// The same storage, with what it does timed.
    pub(crate) fn measured_storage(&self, storage: Arc<dyn Storage>) -> Arc<dyn Storage> {
        let operations = self.storage.clone();
        Arc::new(MeasuredStorage {
            storage,
            operations,
        })
    }

    /// The plugin's events, with those counted that tell of keys fetched again.
    pub(crate) fn measured_log(&self) -> Arc<dyn Log> {
        let refetches = self.refetches.clone();
        Arc::new(MeasuredLog { refetches })
    }

    fn text(&self, plugin: &Plugin, db: &AnyPool) -> Result<String, std::fmt::Error> {
        let occupancy = plugin.occupancy();
        self.busy.set(gauge(occupancy.busy));
        self.places.set(gauge(occupancy.places));
        self.waited
            .inner()
            .fetch_max(occupancy.waited, Ordering::Relaxed);
        self.connections.set(i64::from(db.size()));
        self.idle_connections.set(gauge(db.num_idle()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn observe(times: &Family<Status, Histogram>, status: StatusCode, started: Instant) {
    let status = Status {
        status: status.as_u16(),
    };
    times
        .get_or_create(&status)
        .observe(started.elapsed().as_secs_f64());
}

fn gauge(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `/metrics`, for a listener of its own: it is not for everybody.
pub(crate) fn router(metrics: Arc<Metrics>, plugin: Plugin, db: AnyPool) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .with_state((metrics, plugin, db))
}

async fn show(State((metrics, plugin, db)): State<(Arc<Metrics>, Plugin, AnyPool)>) -> Response {
    match metrics.text(&plugin, &db) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
