//! Our own verdict on a variation: a whole `login.complete` of the native core, with real signature checks.

use std::collections::BTreeMap;

use okta_sso_host::{AwsLcSignatures, SignatureError, Signatures as _, contract};
use okta_sso_plugin::base64url;
use okta_sso_plugin::capability::Capabilities;
use okta_sso_plugin::config;
use okta_sso_plugin::contract::exports::sso::provider::config::Settings;
use okta_sso_plugin::contract::exports::sso::provider::login::{
    Callback, LoginError, LoginRequest, Redirect,
};
use okta_sso_plugin::contract::sso::provider::http::{Error, Header, Request, Response};
use okta_sso_plugin::contract::sso::provider::log::Level;
use okta_sso_plugin::contract::sso::provider::signatures::Error as Unverified;
use okta_sso_plugin::contract::sso::provider::storage::Error as StorageError;
use okta_sso_plugin::contract::sso::provider::types::{Algorithm, Connection, Endpoint};
use okta_sso_plugin::describe::default_policy;
use okta_sso_plugin::error::problem_name;
use okta_sso_plugin::flow::{begin, complete};
use serde_json::json;
use url::Url;

use crate::trial::{Trial, Verdict};
use crate::variation::NOW;

/// A login that waits for its callback.
pub(crate) struct Begun {
    pub(crate) connection: Connection,
    pub(crate) nonce: String,
    callback: Callback,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Begun {
    /// One login for each policy that the variations are about.
    pub(crate) fn prepare() -> Vec<Self> {
        let plain = default_policy();
        let policies = [(None, None), (Some(300), None), (None, Some("phr"))];
        policies
            .into_iter()
            .map(|(max_age, acr)| {
                let mut policy = plain.clone();
                policy.algorithms = vec![Algorithm::Rs256, Algorithm::Es256];
                policy.max_age = max_age;
                policy.acr_values = acr.into_iter().map(str::to_owned).collect();
                let settings = Settings {
                    connection_id: "acme".into(),
                    client_id: "0oa1acme2client3id4567".into(),
                    client_secret: None,
                    issuer: "https://acme.okta.com".into(),
                    redirect_uri: "https://app.ledgerline.example/sso/okta/callback".into(),
                    post_logout_redirect_uri: None,
                    email_domains: vec!["acme.com".into()],
                    policy,
                };
                Self::begin(config::check(&settings).unwrap().connection)
            })
            .collect()
    }

    fn begin(connection: Connection) -> Self {
        let mut host = Host::new(&connection, None, BTreeMap::new());
        let request = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt: None,
        };
        let Redirect {
            url,
            browser_binding,
            ..
        } = begin::begin(&mut host, &connection, &request).unwrap();
        let stored = host.stored;
        let query: BTreeMap<_, _> = Url::parse(&url)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect();
        Self {
            nonce: query["nonce"].clone(),
            callback: Callback {
                query: format!("state={}&code=c", query["state"]),
                browser_binding: Some(browser_binding),
            },
            connection,
            stored,
        }
    }

    /// Completes this login with the token of `trial`.
    pub(crate) fn judge(&self, trial: &Trial) -> Verdict {
        let mut host = Host::new(&self.connection, Some(trial), self.stored.clone());
        match complete::complete(&mut host, &self.connection, &self.callback) {
            Ok(_) => Ok(()),
            Err(LoginError::EmailMalformed(_)) => Err("email-malformed".to_owned()),
            Err(LoginError::EmailUnverified(_)) => Err("email-unverified".to_owned()),
            Err(LoginError::TokenRejected(rejection)) => {
                Err(problem_name(rejection.problem).to_owned())
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// A provider that answers with the trial's token and keys.
struct Host<'a> {
    connection: &'a Connection,
    trial: Option<&'a Trial>,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    drawn: u8,
}

impl<'a> Host<'a> {
    fn new(
        connection: &'a Connection,
        trial: Option<&'a Trial>,
        stored: BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Self {
        Self {
            connection,
            trial,
            stored,
            drawn: 0,
        }
    }

    fn document(&self, endpoint: Endpoint) -> Option<String> {
        let issuer = &self.connection.issuer;
        let document = match endpoint {
            Endpoint::Metadata => json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "jwks_uri": format!("{issuer}/keys"),
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            }),
            Endpoint::Token => {
                let trial = self.trial?;
                json!({
                    "token_type": "Bearer",
                    "access_token": trial.access_token,
                    "id_token": trial.id_token,
                })
            }
            Endpoint::Keys => return self.trial.map(|trial| trial.keys.clone()),
            // A token without e-mail: what UserInfo says is not its fault.
            Endpoint::UserInfo => {
                let token = &self.trial?.id_token;
                let payload = base64url::decode(token.split('.').nth(1)?)?;
                let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
                json!({ "sub": claims["sub"], "email": "anna@acme.com" })
            }
            _ => return None,
        };
        Some(document.to_string())
    }
}

impl Capabilities for Host<'_> {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        let document = self.document(request.endpoint).ok_or(Error::Denied)?;
        Ok(Response {
            status: 200,
            headers: vec![Header {
                name: "content-type".into(),
                value: "application/json".into(),
            }],
            body: document.into_bytes(),
        })
    }

    fn put_if_absent(&mut self, key: &[u8], value: &[u8], _: u32) -> Result<bool, StorageError> {
        Ok(self.stored.insert(key.to_vec(), value.to_vec()).is_none())
    }

    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.stored.remove(key))
    }

    fn cache_get(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn cache_put(&mut self, _: &[u8], _: &[u8], _: u32) {}

    fn now(&mut self) -> u64 {
        NOW
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        self.drawn += 1;
        (0..length as u8).map(|index| index ^ self.drawn).collect()
    }

    fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unverified> {
        let algorithm = match algorithm {
            Algorithm::Rs256 => contract::Algorithm::Rs256,
            Algorithm::Es256 => contract::Algorithm::Es256,
            other => panic!("{other:?} is not allowed by the connection"),
        };
        AwsLcSignatures::default()
            .verify(algorithm, jwk, message, signature)
            .map_err(|error| match error {
                SignatureError::UnusableKey => Unverified::UnusableKey,
                _ => Unverified::Mismatch,
            })
    }

    fn log(&mut self, _: Level, _: &str, _: &[(&str, &str)]) {}
}
