//! Connections that wait for their next exchange, by origin.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A connection that waited longer may have died unnoticed, and a code sent down it would be lost.
const IDLE: Duration = Duration::from_secs(30);
const EACH: usize = 8;
const ALL: usize = 256;

/// An open connection, and the task that moves its bytes.
pub(super) struct Line {
    pub(super) sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

impl Line {
    pub(super) fn new(
        sender: SendRequest<Full<Bytes>>,
        driver: impl Future<Output = hyper::Result<()>> + Send + 'static,
    ) -> Self {
        Self {
            sender,
            driver: tokio::spawn(driver),
        }
    }

    /// After an answer: the line again if it can take another request, none if it was closed.
    ///
    /// Errors: more bytes came than the answer had, so that nobody knows where it ended.
    pub(super) async fn settle(mut self) -> Result<Option<Self>, Surplus> {
        if self.sender.ready().await.is_ok() {
            return Ok(Some(self));
        }
        match self.driver.await {
            // A broken transport has a cause of its own; bytes out of turn have none.
            Ok(Err(error)) if error.source().is_none() => Err(Surplus),
            _ => Ok(None),
        }
    }
}

/// Bytes after the end of an answer.
pub(super) struct Surplus;

/// Holds lines, 8 for an origin and 256 in all, each for at most 30 seconds.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<String, Vec<(Line, Instant)>>>);

impl Pool {
    /// The line that waited least and is still open.
    pub(super) async fn take(&self, origin: &str) -> Option<Line> {
        while let Some(mut line) = self.pop(origin) {
            if line.sender.ready().await.is_ok() {
                return Some(line);
            }
        }
        None
    }

    fn pop(&self, origin: &str) -> Option<Line> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.get_mut(origin)?;
        let newest = lines.pop();
        if lines.is_empty() {
            idle.remove(origin);
        }
        let (line, since) = newest?;
        (since.elapsed() < IDLE && !line.sender.is_closed()).then_some(line)
    }

    pub(super) fn put(&self, origin: &str, line: Line) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|_, lines| {
            lines.retain(|(line, since)| since.elapsed() < IDLE && !line.sender.is_closed());
            !lines.is_empty()
        });
        if idle.values().map(Vec::len).sum::<usize>() >= ALL {
            return;
        }
        let lines = idle.entry(origin.to_owned()).or_default();
        if lines.len() < EACH {
            lines.push((line, Instant::now()));
        }
    }
}
