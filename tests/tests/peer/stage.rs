//! The product's side of a sign-in, with the host's own capabilities, and a person with a browser.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use okta_sso_conformance::{part, run};
use okta_sso_host::contract::{
    Algorithm, Callback, ClientAuth, Connection, EmailRule, LoginError, LoginRequest, Network,
    Policy, PushedAuthorization, Redirect, Settings, SignedIn,
};
use okta_sso_host::{
    CallError, Capabilities, CredentialError, Credentials, HttpClient, HttpOptions, MemoryStorage,
    Plugin, Secret,
};
use reqwest::{Certificate, Client, Response, redirect};
use url::{Url, form_urlencoded};

use crate::provider::{Provider, Registration};

pub(crate) const REDIRECT_URI: &str = "https://localhost:1/sso/okta/callback";
pub(crate) const SIGNED_OUT: &str = "https://localhost:1/signed-out";

/// What `client_secret_basic` and `client_secret_post` both have to encode (RFC 6749 appendix B).
pub(crate) const SECRET: &str = "s+e/cr%e:t&=~*-._";

/// What one test wants otherwise.
pub(crate) struct Wishes {
    pub(crate) algorithm: &'static str,
    pub(crate) allowed: Vec<Algorithm>,
    pub(crate) client_auth: ClientAuth,
    pub(crate) pushed: PushedAuthorization,
    pub(crate) backchannel_logout_uri: String,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            algorithm: "RS256",
            allowed: vec![Algorithm::Rs256],
            client_auth: ClientAuth::ClientSecretBasic,
            pushed: PushedAuthorization::WhenSupported,
            backchannel_logout_uri: "http://localhost:1/none".to_owned(),
        }
    }
}

pub(crate) struct Stage {
    pub(crate) provider: Provider,
    pub(crate) plugin: Plugin,
    pub(crate) connection: Connection,
}

/// Holds one secret for every connection.
struct OneSecret(&'static str);

#[async_trait]
impl Credentials for OneSecret {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new(self.0.to_owned())))
    }
}

impl Stage {
    /// None where the part is left out.
    pub(crate) async fn open(wishes: Wishes) -> Option<Self> {
        if !part::bring("peer").unwrap_or_else(|error| panic!("{error}")) {
            return None;
        }
        let provider = Provider::start(&Registration {
            id: "0oa1ledgerline",
            secret: SECRET,
            redirect_uri: REDIRECT_URI.to_owned(),
            post_logout_redirect_uri: SIGNED_OUT.to_owned(),
            backchannel_logout_uri: wishes.backchannel_logout_uri,
            auth_method: match wishes.client_auth {
                ClientAuth::ClientSecretPost => "client_secret_post",
                _ => "client_secret_basic",
            },
            algorithm: wishes.algorithm,
        });
        let plugin = product(SECRET, Some(&provider.authority));
        let settings = Settings {
            connection_id: "acme".to_owned(),
            client_id: "0oa1ledgerline".to_owned(),
            client_secret: Some(SECRET.to_owned()),
            issuer: provider.issuer.clone(),
            redirect_uri: REDIRECT_URI.to_owned(),
            post_logout_redirect_uri: Some(SIGNED_OUT.to_owned()),
            email_domains: vec!["acme.com".to_owned()],
            policy: Policy {
                algorithms: wishes.allowed,
                client_auth: wishes.client_auth,
                email_rule: EmailRule::Exact,
                clock_tolerance: 120,
                max_age: None,
                acr_values: Vec::new(),
                pushed_authorization: wishes.pushed,
                network: Network::DangerLoopback,
            },
        };
        let connection = plugin.check(&settings).await.unwrap().connection;
        Some(Self {
            provider,
            plugin,
            connection,
        })
    }

    /// The same product as if it had just started: nothing cached.
    pub(crate) fn restart(&mut self, secret: &'static str) {
        self.plugin = product(secret, Some(&self.provider.authority));
    }

    pub(crate) async fn begin(&self) -> Result<Redirect, LoginError> {
        let request = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt: None,
        };
        answer(self.plugin.begin(&self.connection, &request).await)
    }

    pub(crate) async fn complete(
        &self,
        redirect: &Redirect,
        query: &str,
    ) -> Result<SignedIn, LoginError> {
        let callback = Callback {
            query: query.to_owned(),
            browser_binding: Some(redirect.browser_binding.clone()),
        };
        answer(self.plugin.complete(&self.connection, &callback).await)
    }

    /// A whole sign-in of `person`.
    pub(crate) async fn sign_in(&self, person: &Person) -> Result<SignedIn, LoginError> {
        let redirect = self.begin().await?;
        let query = person.visit(&redirect.url).await;
        self.complete(&redirect, &query).await
    }

    pub(crate) fn person(&self, login: &'static str) -> Person {
        Person::new(login, &self.provider.authority)
    }
}

pub(crate) fn product(secret: &'static str, authority: Option<&str>) -> Plugin {
    let options = HttpOptions {
        extra_ca: authority.map(|pem| pem.as_bytes().to_vec()),
        danger_allow_loopback: true,
        ..HttpOptions::default()
    };
    let http = HttpClient::new(&options).unwrap();
    let storage = Arc::new(MemoryStorage::default());
    let capabilities = Capabilities::new(storage, Arc::new(OneSecret(secret)));
    PLUGIN.with_capabilities(capabilities.with_http(Arc::new(http)))
}

static PLUGIN: LazyLock<Plugin> =
    LazyLock::new(|| run::plugin().unwrap_or_else(|error| panic!("{error:#}")));

fn answer<T>(result: Result<T, CallError<LoginError>>) -> Result<T, LoginError> {
    match result {
        Ok(value) => Ok(value),
        Err(CallError::Answer(refusal)) => Err(refusal),
        Err(fault) => panic!("{fault}"),
    }
}

/// Somebody with a browser, which keeps cookies.
pub(crate) struct Person {
    login: &'static str,
    browser: Client,
}

impl Person {
    fn new(login: &'static str, authority: &str) -> Self {
        let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
        let browser = Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .tls_certs_merge([authority])
            .build()
            .unwrap();
        Self { login, browser }
    }

    /// Goes where the product sends them, signs in where they are asked to, and returns the query with which they come
    /// back. Who has no login turns back at the sign-in page.
    pub(crate) async fn visit(&self, url: &str) -> String {
        let back = self.follow(url, REDIRECT_URI).await;
        back.query().expect("a query").to_owned()
    }

    /// Signs out at the provider and returns where they come back to.
    pub(crate) async fn sign_out(&self, url: &str) -> Url {
        let page = self.browser.get(url).send().await.unwrap();
        let page = page.text().await.unwrap();
        let xsrf = attribute(&page, r#"name="xsrf" value=""#);
        let action = attribute(&page, r#"action=""#).parse().unwrap();
        location(
            &self
                .post(action, &[("xsrf", xsrf), ("logout", "yes")])
                .await,
        )
    }

    async fn follow(&self, url: &str, until: &str) -> Url {
        let mut place = Url::parse(url).unwrap();
        for _ in 0..8 {
            if place.as_str().starts_with(until) {
                return place;
            }
            let answer = if place.path().starts_with("/signin/") {
                self.post(place, &[("login", self.login)]).await
            } else {
                self.browser.get(place).send().await.unwrap()
            };
            place = location(&answer);
        }
        panic!("the provider leads in a circle");
    }

    async fn post(&self, url: Url, form: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.browser.post(url).body(body);
        let form = "application/x-www-form-urlencoded";
        request.header("content-type", form).send().await.unwrap()
    }
}

fn location(answer: &Response) -> Url {
    let location = answer.headers().get("location");
    let location = location.unwrap_or_else(|| panic!("{} and no redirect", answer.status()));
    answer.url().join(location.to_str().unwrap()).unwrap()
}

/// What stands after `before`, up to the quote.
fn attribute<'a>(page: &'a str, before: &str) -> &'a str {
    let (_, rest) = page.split_once(before).expect(before);
    rest.split('"').next().unwrap()
}
