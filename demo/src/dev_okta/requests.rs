//! How often each endpoint was asked; tests count round trips by it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that browser or product asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `…/.well-known/openid-configuration` and `…/.well-known/oauth-authorization-server`.
    Metadata,
    /// `…/v1/keys`.
    Keys,
    /// `…/v1/authorize`.
    Authorize,
    /// `…/v1/par`.
    Par,
    /// `…/v1/token`.
    Token,
    /// `…/v1/userinfo`.
    UserInfo,
    /// `…/v1/revoke`.
    Revoke,
    /// `…/v1/logout`.
    Logout,
}

const ENDPOINTS: usize = Endpoint::Logout as usize + 1;

/// A counter for each endpoint.
#[derive(Debug, Default)]
pub struct Requests([AtomicU64; ENDPOINTS]);

impl Requests {
    /// Requests to `endpoint` since the start, refused ones included.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.counter(endpoint)
            .map_or(0, |counter| counter.load(Ordering::SeqCst))
    }

    pub(super) fn count(&self, endpoint: Endpoint) {
        if let Some(counter) = self.counter(endpoint) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counter(&self, endpoint: Endpoint) -> Option<&AtomicU64> {
        self.0.get(endpoint as usize)
    }
}
