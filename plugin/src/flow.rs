//! The steps in order: which capability is asked for what, and when.

pub mod begin;
pub mod complete;
pub mod keys;
pub mod metadata;
pub mod rehearse;
#[cfg(test)]
mod tests;

use crate::capability::Capabilities;
use crate::contract::sso::provider::http::{Request, Response};
use crate::error::ProviderError;

/// One exchange with the provider.
///
/// # Errors
/// `Unavailable`, or `too-large`.
pub(crate) fn send(
    host: &mut impl Capabilities,
    request: &Request,
) -> Result<Response, ProviderError> {
    host.send(request)
        .map_err(|error| ProviderError::of_http(request.endpoint, error))
}
