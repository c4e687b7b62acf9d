//! A host whose provider answers with the input, and whose signature check says yes.

use std::collections::BTreeMap;

use okta_sso_plugin::capability::Capabilities;
use okta_sso_plugin::contract::sso::provider::http::{Error, Header, Request, Response};
use okta_sso_plugin::contract::sso::provider::log::Level;
use okta_sso_plugin::contract::sso::provider::signatures::Error as SignatureError;
use okta_sso_plugin::contract::sso::provider::storage::Error as StorageError;
use okta_sso_plugin::contract::sso::provider::types::{Algorithm, Endpoint};

/// The clock.
pub(crate) const NOW: u64 = 1_790_000_000;

/// One login's outside.
#[derive(Clone, Default)]
pub(crate) struct Host {
    /// Bodies of the provider's answers.
    pub(crate) metadata: Vec<u8>,
    pub(crate) token: Vec<u8>,
    pub(crate) keys: Vec<u8>,
    pub(crate) user_info: Vec<u8>,
    /// What was asked, in order.
    pub(crate) asked: Vec<Endpoint>,
    /// Every line of the log.
    pub(crate) logged: String,
    pub(crate) stored: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) cached: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) drawn: u8,
}

impl Capabilities for Host {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        self.asked.push(request.endpoint);
        if request.endpoint == Endpoint::Token {
            assert!(
                self.stored.is_empty(),
                "a token request before the transaction was used up"
            );
        }
        let body = match request.endpoint {
            Endpoint::Metadata => &self.metadata,
            Endpoint::Token => &self.token,
            Endpoint::Keys => &self.keys,
            Endpoint::UserInfo => &self.user_info,
            _ => return Err(Error::Denied),
        };
        Ok(Response {
            status: 200,
            headers: vec![Header {
                name: "content-type".to_owned(),
                value: "application/json".to_owned(),
            }],
            body: body.clone(),
        })
    }

    fn put_if_absent(&mut self, key: &[u8], value: &[u8], _: u32) -> Result<bool, StorageError> {
        if self.stored.contains_key(key) {
            return Ok(false);
        }
        self.stored.insert(key.to_vec(), value.to_vec());
        Ok(true)
    }

    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.stored.remove(key))
    }

    fn cache_get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.cached.get(key).cloned()
    }

    fn cache_put(&mut self, key: &[u8], value: &[u8], _: u32) {
        self.cached.insert(key.to_vec(), value.to_vec());
    }

    fn now(&mut self) -> u64 {
        NOW
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        self.drawn = self.drawn.wrapping_add(1);
        (0..length)
            .map(|index| self.drawn ^ u8::try_from(index).unwrap_or_default())
            .collect()
    }

    fn verify(&mut self, _: Algorithm, _: &str, _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
        Ok(())
    }

    fn log(&mut self, _: Level, code: &str, fields: &[(&str, &str)]) {
        self.logged.push_str(&format!("{code} {fields:?}\n"));
    }
}
