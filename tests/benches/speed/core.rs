//! The plugin's core, compiled natively, with the host's own signature check: what the sandbox adds is the difference.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use crate::sides::{self, Provider, Side, settings};
use anyhow::{Result, anyhow};
use okta_sso_host::contract;
use okta_sso_host::{
    AwsLcSignatures, Clock as _, OsRandom, Random as _, SignatureError, Signatures as _,
    SystemClock,
};
use okta_sso_plugin::capability::Capabilities;
use okta_sso_plugin::config;
use okta_sso_plugin::contract::exports::sso::provider::login::{Callback, LoginRequest, Redirect};
use okta_sso_plugin::contract::sso::provider::http::{
    Error as HttpError, Header, Request, Response,
};
use okta_sso_plugin::contract::sso::provider::log::Level;
use okta_sso_plugin::contract::sso::provider::signatures::Error;
use okta_sso_plugin::contract::sso::provider::storage::Error as StorageError;
use okta_sso_plugin::contract::sso::provider::types::{Algorithm, Connection, Endpoint};
use okta_sso_plugin::flow::{begin, complete};

/// The core with a host around it that keeps everything in this process.
pub(crate) struct Core {
    host: Host,
    connection: Connection,
}

struct Host {
    provider: Arc<Provider>,
    stored: HashMap<Vec<u8>, Vec<u8>>,
    cached: HashMap<Vec<u8>, Vec<u8>>,
    signatures: AwsLcSignatures,
}

impl Core {
    pub(crate) fn new(provider: Arc<Provider>) -> Result<Self> {
        // The generated types of both sides are spelt alike.
        let settings = serde_json::from_value(serde_json::to_value(settings())?)?;
        let checked = config::check(&settings).map_err(|problems| anyhow!("{problems:?}"))?;
        Ok(Self {
            host: Host {
                provider,
                stored: HashMap::new(),
                cached: HashMap::new(),
                signatures: AwsLcSignatures::default(),
            },
            connection: checked.connection,
        })
    }
}

impl Side for Core {
    type Begun = Redirect;
    type Returned = (Callback, Vec<u8>);

    async fn begin(&mut self) -> Result<Redirect> {
        let request = LoginRequest {
            login_hint: None,
            return_to: Some("/".into()),
            prompt: None,
        };
        let redirect = begin::begin(&mut self.host, &self.connection, &request);
        redirect.map_err(|refusal| anyhow!("{refusal:?}"))
    }

    fn sign_in(&self, begun: Redirect) -> Result<Self::Returned> {
        let (state, token) = sides::sign_in(&begun.url)?;
        let callback = Callback {
            query: format!("code=abc&state={state}"),
            browser_binding: Some(begun.browser_binding),
        };
        Ok((callback, token))
    }

    async fn complete(&mut self, (callback, token): Self::Returned) -> Result<()> {
        self.host.provider.answer_with(token);
        let signed_in = complete::complete(&mut self.host, &self.connection, &callback);
        black_box(signed_in.map_err(|refusal| anyhow!("{refusal:?}"))?);
        Ok(())
    }
}

impl Capabilities for Host {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        let endpoint = match request.endpoint {
            Endpoint::Metadata => contract::Endpoint::Metadata,
            Endpoint::Keys => contract::Endpoint::Keys,
            Endpoint::Token => contract::Endpoint::Token,
            _ => return Err(HttpError::Denied),
        };
        let json = Header {
            name: "content-type".to_owned(),
            value: "application/json".to_owned(),
        };
        Ok(Response {
            status: 200,
            headers: vec![json],
            body: self
                .provider
                .answer(endpoint)
                .ok_or(HttpError::Unreachable)?,
        })
    }

    fn put_if_absent(&mut self, key: &[u8], value: &[u8], _: u32) -> Result<bool, StorageError> {
        let before = self.stored.insert(key.to_vec(), value.to_vec());
        Ok(before.is_none())
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
        SystemClock.now()
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        OsRandom.fill(&mut bytes).expect("random bytes");
        bytes
    }

    fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if algorithm != Algorithm::Rs256 {
            return Err(Error::UnusableKey);
        }
        self.signatures
            .verify(contract::Algorithm::Rs256, jwk, message, signature)
            .map_err(|error| match error {
                SignatureError::UnusableKey => Error::UnusableKey,
                SignatureError::Mismatch => Error::Mismatch,
            })
    }

    fn log(&mut self, _: Level, code: &str, _: &[(&str, &str)]) {
        black_box(code);
    }
}
