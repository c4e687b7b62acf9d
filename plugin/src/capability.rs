//! What the flow may ask of its host, as one trait.
//!
//! The component implements it over its imports, the tests over scripts. A test of the whole flow therefore needs
//! neither WebAssembly nor a network.

use crate::contract::sso::provider::http::{Error as HttpError, Request, Response};
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::signatures::Error as SignatureError;
use crate::contract::sso::provider::storage::Error as StorageError;
use crate::contract::sso::provider::types::Algorithm;

/// The seven capabilities, already scoped by the host to the connection that is being served.
///
/// The interfaces in `wit/` say what each call guarantees; nothing is added here.
pub trait Capabilities {
    /// Sends one request and waits for the whole answer, whatever its status.
    fn send(&mut self, request: &Request) -> Result<Response, HttpError>;

    /// Stores `value` for `time_to_live` seconds unless a live value is there; true when it did.
    fn put_if_absent(
        &mut self,
        key: &[u8],
        value: &[u8],
        time_to_live: u32,
    ) -> Result<bool, StorageError>;

    /// Reads and removes in one atomic step; none for never there, taken or expired.
    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// What may have been forgotten: provider metadata and keys.
    fn cache_get(&mut self, key: &[u8]) -> Option<Vec<u8>>;

    /// Replaces what was cached under `key`, for at most `time_to_live` seconds.
    fn cache_put(&mut self, key: &[u8], value: &[u8], time_to_live: u32);

    /// The wall clock in seconds since 1970; may step in either direction between calls.
    fn now(&mut self) -> u64;

    /// `length` bytes (1 to 64) from a secure source; the caller checks that it got so many.
    fn random(&mut self, length: u32) -> Vec<u8>;

    /// Checks `signature` of `message` with one public key as JSON text.
    fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError>;

    /// One structured event. No field ever holds a token, an authorization code, a secret or a cookie.
    fn log(&mut self, level: Level, code: &str, fields: &[(&str, &str)]);
}
