//! Sign-ins with a provider inside this process: what a component must get right before it serves anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::capability::{Capabilities, Http, HttpError, HttpRequest, HttpResponse, Log};
use crate::contract::{
    Algorithm, Callback, ClientAuth, Connection, Endpoint, Level, LoginError, LoginRequest,
    Network, Redirect, Settings, SignedIn,
};
use crate::credential::{ClientKey, CredentialError, Credentials, Secret};
use crate::error::CallError;
use crate::plugin::Plugin;
use crate::scope::Scope;
use crate::store::MemoryStorage;

const ISSUER: &str = "https://self-test.okta.com";
const CLIENT_ID: &str = "0oaselftest";
const EMAIL: &str = "ada@self-test.dev";
const SUBJECT: &str = "00uselftest";
/// 2026-01-01, in Unix seconds. A clock before it is wrong: this software is younger.
const YOUNGEST: u64 = 1_767_225_600;

/// What a component got wrong in its self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelfTestError {
    /// The host could not play the provider.
    #[error("no key for the self-test")]
    NoKey,
    /// This machine's clock stands before this software was written; every token would be refused.
    #[error("the clock is years slow")]
    Clock,
    /// It exports a function of the contract with other types, or no instance of it can be made.
    #[error("a function has not the contract's types")]
    Types,
    /// It refuses sound settings.
    #[error("sound settings are refused")]
    Settings,
    /// It begins no sign-in.
    #[error("no sign-in can be begun")]
    Begin,
    /// It refuses, or mistakes, the person that the provider vouches for.
    #[error("a sound sign-in is refused, or somebody else is signed in")]
    SignIn,
    /// It lets somebody in who must stay out; the text says how.
    #[error("somebody is let in with {0}")]
    LetIn(&'static str),
}

/// How the provider's token differs from a sound one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Sound,
    ForeignKey,
    OtherNonce,
    OtherAudience,
    OtherIssuer,
    Expired,
}

/// Every way in that must be shut, and its name.
const SHUT: [(Token, &str); 5] = [
    (Token::ForeignKey, "a foreign key's signature"),
    (Token::OtherNonce, "another attempt's token"),
    (Token::OtherAudience, "another client's token"),
    (Token::OtherIssuer, "another issuer's token"),
    (Token::Expired, "an expired token"),
];

/// Runs sign-ins through `plugin`, over capabilities that reach nothing outside.
pub(crate) async fn run(plugin: &Plugin) -> Result<(), SelfTestError> {
    let clock = Arc::clone(&plugin.capabilities().clock);
    if clock.now() < YOUNGEST {
        return Err(SelfTestError::Clock);
    }
    over(plugin, |capabilities| capabilities.with_clock(clock)).await
}

/// Refusals are what is wanted here; a log that others watch is not to be full of them.
struct Silence;

impl Log for Silence {
    fn event(&self, _: &Scope, _: Level, _: &str, _: &[(String, String)]) {}
}

async fn over(
    plugin: &Plugin,
    change: impl FnOnce(Capabilities) -> Capabilities,
) -> Result<(), SelfTestError> {
    if plugin.has_all_types().await != Ok(true) {
        return Err(SelfTestError::Types);
    }
    let key = || ClientKey::generate().map_err(|_| SelfTestError::NoKey);
    let provider = Arc::new(Provider {
        key: key()?,
        foreign: key()?,
        next: Mutex::default(),
    });
    let storage = Arc::new(MemoryStorage::default());
    let capabilities = Capabilities::new(storage, provider.clone())
        .with_http(provider.clone())
        .with_log(Arc::new(Silence));
    let capabilities = change(capabilities);
    let now = capabilities.clock.now();
    let plugin = plugin.with_capabilities(capabilities).self_contained();
    let attempts = Attempts {
        connection: connection(&plugin).await?,
        plugin,
        provider,
        now,
    };
    attempts.sound().await?;
    for (token, name) in SHUT {
        if attempts.once(token).await?.1.is_ok() {
            return Err(SelfTestError::LetIn(name));
        }
    }
    Ok(())
}

async fn connection(plugin: &Plugin) -> Result<Connection, SelfTestError> {
    let refused = |_| SelfTestError::Settings;
    let mut policy = plugin.describe("en").await.map_err(refused)?.defaults;
    policy.algorithms = vec![Algorithm::Es256];
    policy.client_auth = ClientAuth::ClientSecretBasic;
    policy.network = Network::Public;
    let settings = Settings {
        connection_id: "self-test".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: None,
        issuer: ISSUER.to_owned(),
        redirect_uri: "https://self-test.dev/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: vec!["self-test.dev".to_owned()],
        policy,
    };
    let checked = plugin.check(&settings).await;
    Ok(checked.map_err(|_| SelfTestError::Settings)?.connection)
}

struct Attempts {
    plugin: Plugin,
    provider: Arc<Provider>,
    connection: Connection,
    now: u64,
}

type Outcome = Result<SignedIn, CallError<LoginError>>;

impl Attempts {
    /// The right person in the right browser, once.
    async fn sound(&self) -> Result<(), SelfTestError> {
        let (mut callback, outcome) = self.once(Token::Sound).await?;
        let signed_in = outcome.map_err(|_| SelfTestError::SignIn)?;
        let identity = signed_in.identity;
        if (identity.issuer, identity.subject, identity.email)
            != (ISSUER.to_owned(), SUBJECT.to_owned(), EMAIL.to_owned())
        {
            return Err(SelfTestError::SignIn);
        }
        if self.complete(&callback).await.is_ok() {
            return Err(SelfTestError::LetIn("a callback that was used"));
        }
        let redirect = self.begin(Token::Sound).await?;
        let binding = callback.browser_binding.take();
        callback.query = query(&redirect)?;
        callback.browser_binding = binding;
        if self.complete(&callback).await.is_ok() {
            return Err(SelfTestError::LetIn("another browser"));
        }
        Ok(())
    }

    /// One attempt from start to end.
    async fn once(&self, token: Token) -> Result<(Callback, Outcome), SelfTestError> {
        let redirect = self.begin(token).await?;
        let callback = Callback {
            query: query(&redirect)?,
            browser_binding: Some(redirect.browser_binding),
        };
        let outcome = self.complete(&callback).await;
        Ok((callback, outcome))
    }

    async fn begin(&self, token: Token) -> Result<Redirect, SelfTestError> {
        let request = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt: None,
        };
        let begun = self.plugin.begin(&self.connection, &request).await;
        let redirect = begun.map_err(|_| SelfTestError::Begin)?;
        let nonce = parameter(&redirect, "nonce")?;
        let id_token = self.provider.id_token(token, &nonce, self.now);
        let id_token = id_token.map_err(|_| SelfTestError::NoKey)?;
        *self
            .provider
            .next
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = id_token;
        Ok(redirect)
    }

    async fn complete(&self, callback: &Callback) -> Outcome {
        self.plugin.complete(&self.connection, callback).await
    }
}

/// The query that the browser comes back with.
fn query(redirect: &Redirect) -> Result<String, SelfTestError> {
    let state = parameter(redirect, "state")?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("code", "self-test")
        .append_pair("state", &state);
    Ok(query.finish())
}

fn parameter(redirect: &Redirect, name: &str) -> Result<String, SelfTestError> {
    let url = Url::parse(&redirect.url).map_err(|_| SelfTestError::Begin)?;
    let mut parameters: HashMap<_, _> = url.query_pairs().into_owned().collect();
    parameters.remove(name).ok_or(SelfTestError::Begin)
}

/// The provider, and the client's secret.
struct Provider {
    key: ClientKey,
    foreign: ClientKey,
    /// What the next code is exchanged for.
    next: Mutex<String>,
}

impl Provider {
    fn id_token(&self, token: Token, nonce: &str, now: u64) -> Result<String, CredentialError> {
        let instead = |wrong: Token, other: &str, right: &str| {
            if token == wrong { other } else { right }.to_owned()
        };
        let age = if token == Token::Expired { 7_200 } else { 0 };
        let claims = json!({
            "iss": instead(Token::OtherIssuer, "https://other.okta.com", ISSUER),
            "aud": instead(Token::OtherAudience, "0oaother", CLIENT_ID),
            "nonce": instead(Token::OtherNonce, "another", nonce),
            "sub": SUBJECT, "email": EMAIL,
            "iat": now.saturating_sub(age), "exp": now.saturating_sub(age).saturating_add(3_600),
        });
        let signer = match token {
            Token::ForeignKey => &self.foreign,
            _ => &self.key,
        };
        // Under the name of the published key, whoever signs.
        let signed = signer.sign(&json!({ "alg": "ES256", "kid": self.key.id() }), &claims)?;
        Ok(signed.to_string())
    }
}

#[async_trait]
impl Credentials for Provider {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new("self-test".to_owned())))
    }
}

#[async_trait]
impl Http for Provider {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body: Value = match request.endpoint {
            Endpoint::Metadata => json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/oauth2/v1/authorize"),
                "token_endpoint": format!("{ISSUER}/oauth2/v1/token"),
                "userinfo_endpoint": format!("{ISSUER}/oauth2/v1/userinfo"),
                "jwks_uri": format!("{ISSUER}/oauth2/v1/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }),
            Endpoint::Keys => json!({ "keys": [self.key.public_jwk()] }),
            Endpoint::Token => {
                let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                json!({
                    "token_type": "Bearer", "expires_in": 3_600,
                    "access_token": "self-test", "id_token": *next,
                })
            }
            _ => return Err(HttpError::Denied),
        };
        Ok(HttpResponse {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::capability::{SignatureError, Signatures};
    use crate::component::{Component, Pin};
    use crate::scope::StorageKey;
    use crate::store::{Storage, StorageError};

    fn plugin() -> Plugin {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
        let component = Component::from_path(path, Pin::Sidecar).expect("run make plugin");
        let storage = Arc::new(MemoryStorage::default());
        let nobody = Arc::new(Nobody);
        let capabilities = Capabilities::new(storage, nobody);
        let builder = Plugin::builder().component(component);
        builder.capabilities(capabilities).load().unwrap()
    }

    struct Nobody;

    #[async_trait]
    impl Credentials for Nobody {
        async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
            Ok(None)
        }
    }

    /// Believes every signature.
    struct Gullible;

    impl Signatures for Gullible {
        fn verify(&self, _: Algorithm, _: &str, _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
            Ok(())
        }
    }

    /// Gives what it has again and again.
    #[derive(Default)]
    struct Generous(MemoryStorage);

    #[async_trait]
    impl Storage for Generous {
        async fn put_if_absent(
            &self,
            key: &StorageKey,
            value: &[u8],
            now: u64,
            time_to_live: u32,
        ) -> Result<bool, StorageError> {
            self.0.put_if_absent(key, value, now, time_to_live).await
        }

        async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
            self.0.get(key, now).await
        }

        async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
            self.0.get(key, now).await
        }
    }

    #[tokio::test]
    async fn the_real_component_passes() {
        let plugin = plugin();
        let before = std::time::Instant::now();
        assert_eq!(plugin.self_test().await, Ok(()));
        println!("self-test: {:.1?}", before.elapsed());
    }

    #[tokio::test]
    async fn what_lets_somebody_in_is_found() {
        let plugin = plugin();
        let gullible = over(&plugin, |with| with.with_signatures(Arc::new(Gullible))).await;
        let found = SelfTestError::LetIn("a foreign key's signature");
        assert_eq!(gullible, Err(found));
        let generous = over(&plugin, |with| {
            let generous: Arc<dyn Storage> = Arc::new(Generous::default());
            Capabilities {
                storage: generous,
                ..with
            }
        });
        let found = SelfTestError::LetIn("a callback that was used");
        assert_eq!(generous.await, Err(found));
    }
}
