//! What watches the process asks: is it alive, and can it do its work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Web;
use crate::ledgerline::Ledgerline;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// What keeps the product from its work; empty when it is ready.
    not_ready: Vec<&'static str>,
}

/// 200, or 503 with the parts that do not work. Providers are not asked: each is one tenant's.
async fn ready(State(ledgerline): State<Arc<Ledgerline>>) -> Response {
    let mut not_ready = Vec::new();
    if let Err(error) = sqlx::query("SELECT 1 FROM tenants LIMIT 1")
        .execute(&ledgerline.db)
        .await
    {
        tracing::error!(%error, "the database does not answer");
        not_ready.push("database");
    }
    if let Err(error) = ledgerline.plugin.codes().await {
        tracing::error!(%error, "the plugin does not answer");
        not_ready.push("plugin");
    }
    if ledgerline.is_stopping() {
        not_ready.push("stopping");
    }
    let ready = not_ready.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, not_ready })).into_response()
}
