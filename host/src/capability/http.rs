//! One buffered exchange with the connection's identity provider.

mod address;
mod circuit;
mod client;
mod dial;
mod hold;
mod pool;
mod resolver;
mod shared;

use std::fmt;

use async_trait::async_trait;
use url::Url;

use crate::contract::{Endpoint, Method};
use crate::scope::Scope;

pub use client::{Deadlines, HttpClient, HttpOptions};
pub use resolver::{Resolver, SystemResolver};

/// Sends what the host has already judged and put credentials on.
///
/// Before a request comes here, the host has checked the call's budget of exchanges, that `url` is
/// https (or http to loopback under `danger-loopback`) on one of `scope.hosts`, and the headers.
/// What is left to do: resolve, check every address, dial, bound time and size; no redirects.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends one request and waits for the whole answer, whatever its status.
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// A request to send as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The place at the provider: names the phase in measurements.
    pub endpoint: Endpoint,
    /// GET or POST.
    pub method: Method,
    /// Absolute, without user information and fragment.
    pub url: Url,
    /// Names in lower case: `accept`, `content-type`, `authorization`, each at most once.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for GET.
    pub body: Vec<u8>,
    /// A longer body of the answer is [`HttpError::TooLarge`]; in bytes.
    pub max_response: usize,
}

impl fmt::Debug for HttpRequest {
    /// Leaves out header values, query and body: they carry secrets and codes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("endpoint", &self.endpoint)
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A whole answer.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// As received; the host keeps only those that the contract names.
    pub headers: Vec<(String, String)>,
    /// At most `max_response` bytes, not decoded in any way.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpResponse {
    /// Leaves out header values and body: they carry tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The client's policy refuses this request; nothing was sent.
    #[error("denied")]
    Denied,
    /// No connection in time, no address that may be dialled, a TLS failure, or a broken answer: told apart
    /// in the host's log alone, so that nobody maps a private network by asking.
    #[error("unreachable")]
    Unreachable,
    /// Connected, and no whole answer in time.
    #[error("timeout")]
    Timeout,
    /// The answer passed `max_response`.
    #[error("answer too large")]
    TooLarge,
}
