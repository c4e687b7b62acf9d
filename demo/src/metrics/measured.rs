//! Capabilities of the host, with the time that they take.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use okta_sso_host::contract::Level;
use okta_sso_host::{
    Http, HttpError, HttpRequest, HttpResponse, Log, Scope, Storage, StorageError, StorageKey,
    TracingLog,
};

use super::{Exchange, Exchanges, KeyRefetch, KeyRefetches, StorageOperation, StorageOperations};

pub(super) struct MeasuredHttp<H> {
    pub(super) http: H,
    pub(super) exchanges: Exchanges,
}

#[async_trait]
impl<H: Http> Http for MeasuredHttp<H> {
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let endpoint = request.endpoint.name();
        let started = Instant::now();
        let answer = self.http.send(scope, request).await;
        let exchange = Exchange {
            endpoint,
            answer: match &answer {
                Ok(response) => class(response.status),
                Err(HttpError::Denied) => "denied",
                Err(HttpError::Unreachable) => "unreachable",
                Err(HttpError::Timeout) => "timeout",
                Err(HttpError::TooLarge) => "too-large",
                Err(_) => "other",
            },
        };
        let exchanges = self.exchanges.get_or_create(&exchange);
        exchanges.observe(started.elapsed().as_secs_f64());
        answer
    }
}

const fn class(status: u16) -> &'static str {
    match status {
        429 => "429",
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => "other",
    }
}

pub(super) struct MeasuredLog {
    pub(super) refetches: KeyRefetches,
}

impl Log for MeasuredLog {
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]) {
        TracingLog.event(scope, level, code, fields);
        let outcome = match code {
            "keys-refetched" => "made",
            "keys-refetch-held-back" => "held-back",
            _ => return,
        };
        self.refetches.get_or_create(&KeyRefetch { outcome }).inc();
    }
}

pub(super) struct MeasuredStorage {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) operations: StorageOperations,
}

/// Times an operation to its end, which may be that nobody waits for it any more.
struct Timed<'a> {
    operations: &'a StorageOperations,
    operation: StorageOperation,
    started: Instant,
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        let operations = self.operations.get_or_create(&self.operation);
        operations.observe(self.started.elapsed().as_secs_f64());
    }
}

impl MeasuredStorage {
    async fn timed<T>(
        &self,
        operation: &'static str,
        done: impl Future<Output = Result<T, StorageError>> + Send,
    ) -> Result<T, StorageError> {
        let mut timed = Timed {
            operations: &self.operations,
            operation: StorageOperation {
                operation,
                answer: "abandoned",
            },
            started: Instant::now(),
        };
        let answer = done.await;
        timed.operation.answer = if answer.is_ok() { "ok" } else { "unavailable" };
        answer
    }
}

#[async_trait]
impl Storage for MeasuredStorage {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let done = self.storage.put_if_absent(key, value, now, time_to_live);
        self.timed("put", done).await
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        self.timed("take", self.storage.take(key, now)).await
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        self.timed("get", self.storage.get(key, now)).await
    }
}
