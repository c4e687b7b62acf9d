//! Figures about the process, for Prometheus. No tenant, no person and no address is in them.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use okta_sso_host::contract::Endpoint;
use okta_sso_host::{Http, HttpError, HttpRequest, HttpResponse, Plugin, Scope};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// What is counted and timed.
pub(crate) struct Metrics {
    registry: Registry,
    sign_ins: Family<Outcome, Counter>,
    callbacks: Family<Status, Histogram>,
    exchanges: Exchanges,
    busy: Gauge,
    places: Gauge,
    component: Family<Component, Gauge>,
    reloads: Family<Reload, Counter>,
}

/// Requests to providers; a request to `keys` beyond one a day and connection is a refetch.
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
    /// The status, or why there was no answer.
    answer: String,
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
            "Time of requests to providers, by endpoint and answer",
            Unit::Seconds,
            exchanges.clone(),
        );
        let (busy, places) = (Gauge::default(), Gauge::default());
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
            callbacks,
            exchanges,
            busy,
            places,
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

    /// A browser came back from a provider and was answered.
    pub(crate) fn callback(&self, status: StatusCode, started: Instant) {
        let status = Status {
            status: status.as_u16(),
        };
        let callbacks = self.callbacks.get_or_create(&status);
        callbacks.observe(started.elapsed().as_secs_f64());
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
        Arc::new(Measured {
            http,
            exchanges: self.exchanges.clone(),
        })
    }

    fn text(&self, plugin: &Plugin) -> Result<String, std::fmt::Error> {
        let occupancy = plugin.occupancy();
        self.busy
            .set(i64::try_from(occupancy.busy).unwrap_or(i64::MAX));
        self.places
            .set(i64::try_from(occupancy.places).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

struct Measured<H> {
    http: H,
    exchanges: Exchanges,
}

#[async_trait]
impl<H: Http> Http for Measured<H> {
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let endpoint = match request.endpoint {
            Endpoint::Metadata => "metadata",
            Endpoint::Keys => "keys",
            Endpoint::Authorization => "authorization",
            Endpoint::PushedAuthorization => "pushed-authorization",
            Endpoint::Token => "token",
            Endpoint::UserInfo => "user-info",
            Endpoint::EndSession => "end-session",
        };
        let started = Instant::now();
        let answer = self.http.send(scope, request).await;
        let exchange = Exchange {
            endpoint,
            answer: match &answer {
                Ok(response) => response.status.to_string(),
                Err(error) => error.to_string(),
            },
        };
        let exchanges = self.exchanges.get_or_create(&exchange);
        exchanges.observe(started.elapsed().as_secs_f64());
        answer
    }
}

/// `/metrics`, for a listener of its own: it is not for everybody.
pub(crate) fn router(metrics: Arc<Metrics>, plugin: Plugin) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .with_state((metrics, plugin))
}

async fn show(State((metrics, plugin)): State<(Arc<Metrics>, Plugin)>) -> Response {
    match metrics.text(&plugin) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
