//! What watches the process asks: is it alive, and can it do its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use okta_sso_host::{Plugin, SelfTestError, StorageError};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Web;
use crate::database;
use crate::ledgerline::Ledgerline;
use crate::seal::KeyError;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// Whether sign-ins can be kept and decided. To find out takes some of them, and everybody may ask: what was found is
/// good for a second.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Vec<&'static str>)>>);

impl Readiness {
    /// The parts that do not work.
    async fn not_ready(&self, plugin: &Plugin) -> Vec<&'static str> {
        const GOOD_FOR: Duration = Duration::from_secs(1);
        let mut found = self.0.lock().await;
        if let Some((_, parts)) = found.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return parts.clone();
        }
        let mut parts = Vec::new();
        let stored = timeout(PROMPTLY, plugin.check_storage()).await;
        if let Err(error) = stored.unwrap_or(Err(StorageError::Unavailable)) {
            tracing::error!(%error, "the storage for pending sign-ins does not work");
            parts.push("state");
        }
        if let Err(error) = plugin.self_test().await {
            tracing::error!(%error, "the plugin fails its self-test");
            parts.push(match error {
                SelfTestError::Clock => "clock",
                _ => "plugin",
            });
        }
        *found = Some((Instant::now(), parts.clone()));
        parts
    }
}

/// How long database and storage may take before they count as not ready; a balancer asks every few seconds.
const PROMPTLY: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Answer {
    ready: bool,
    /// What keeps the product from its work; empty when it is ready.
    not_ready: Vec<&'static str>,
}

/// 200, or 503 with the parts that do not work. Providers are not asked: each is one tenant's.
async fn ready(State(ledgerline): State<Arc<Ledgerline>>) -> Response {
    let (database, mut not_ready) = tokio::join!(
        timeout(PROMPTLY, database_lacks(&ledgerline)),
        ledgerline.readiness.not_ready(&ledgerline.plugin)
    );
    not_ready.extend(database.unwrap_or_else(|_| {
        tracing::error!("the database does not answer in time");
        Some("database")
    }));
    if ledgerline.is_stopping() {
        not_ready.push("stopping");
    }
    let ready = not_ready.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Answer { ready, not_ready })).into_response()
}

/// What keeps the database from its work.
async fn database_lacks(ledgerline: &Ledgerline) -> Option<&'static str> {
    match is_current(ledgerline).await {
        Ok(true) => lacks_key(ledgerline).await,
        Ok(false) => {
            tracing::error!(
                "a newer program has brought the database further: start that one here"
            );
            Some("version")
        }
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            Some("database")
        }
    }
}

/// Whether the database is the one that this program was started with.
async fn is_current(ledgerline: &Ledgerline) -> Result<bool, sqlx::Error> {
    sqlx::query("SELECT 1 FROM tenants LIMIT 1")
        .execute(&ledgerline.db)
        .await?;
    database::is_current(&ledgerline.db).await
}

/// What sealing lacks. A change of keys that this process was not prepared for shows here, before anybody meets it.
async fn lacks_key(ledgerline: &Ledgerline) -> Option<&'static str> {
    match ledgerline.seal.look(&ledgerline.db).await {
        Ok(()) => None,
        Err(error @ KeyError::Missing { .. }) => {
            tracing::error!(%error, "this process was not given every sealing key");
            Some("key")
        }
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            Some("database")
        }
    }
}
