//! An application that proves itself by a key of its own: `private_key_jwt` (RFC 7523 2.2).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use okta_sso_host::{
    AwsLcSignatures, Http, HttpClient, HttpOptions, HttpRequest, Scope, Signatures,
    contract::{self, Algorithm, Method, Network},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    Client,
    client_auth::{failed, unknown},
    issuer::Server,
    org::Org,
    parameters::Parameters,
    refusal::Refusal,
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Okta: an assertion is good for an hour at most.
const MOST: u64 = 3600;
const MAX_KEYS: usize = 64 * 1024;

/// *Client authentication*. Okta: an application has one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum ClientAuthentication {
    /// *Client secret*.
    #[default]
    Secret,
    /// *Public key / Private key*, *Use a URL to fetch keys dynamically*.
    KeysAt(Url),
    /// *Public key / Private key*, *Save keys in Okta*: JSON Web Keys.
    Keys(Vec<Value>),
}

impl ClientAuthentication {
    /// What the console's form says; none when it is neither a URL nor a key.
    pub(super) fn read(form: &Parameters) -> Option<Self> {
        match form.get("method")? {
            "secret" => Some(Self::Secret),
            "url" => {
                let url = Url::parse(form.get("url")?).ok()?;
                matches!(url.scheme(), "https" | "http").then_some(Self::KeysAt(url))
            }
            "key" => {
                let key: Value = serde_json::from_str(form.get("key")?).ok()?;
                let is_public = key.get("kty").is_some() && key.get("d").is_none();
                is_public.then(|| Self::Keys(vec![key]))
            }
            _ => None,
        }
    }

    pub(super) fn is_by_keys(&self) -> bool {
        *self != Self::Secret
    }

    /// For the console: the address of the keys.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::KeysAt(url) => url.as_str(),
            Self::Secret | Self::Keys(_) => "",
        }
    }

    /// For the console: the names of the keys that are saved here.
    pub(super) fn saved(&self) -> Vec<&str> {
        match self {
            Self::Keys(keys) => keys.iter().filter_map(|key| key["kid"].as_str()).collect(),
            Self::Secret | Self::KeysAt(_) => Vec::new(),
        }
    }
}

impl Org {
    pub(super) fn authentication_of(&self, client: &Client) -> ClientAuthentication {
        let state = self.state();
        let found = state.authentications.get(&client.client_id);
        found.cloned().unwrap_or_default()
    }

    pub(super) fn authenticate_by(&self, client: &Client, method: ClientAuthentication) {
        let mut state = self.state();
        let name = client.client_id.clone();
        match (state.authentications.entry(name).or_default(), method) {
            // Okta: another key joins those that are saved.
            (ClientAuthentication::Keys(saved), ClientAuthentication::Keys(more)) => {
                saved.retain(|key| !more.contains(key));
                saved.extend(more);
            }
            (before, now) => *before = now,
        }
    }

    /// Whether a URL is this endpoint of either server, at either address.
    fn is_endpoint(&self, url: &str, endpoint: &str) -> bool {
        let addresses = [&self.config.issuer]
            .into_iter()
            .chain(&self.config.custom_domain);
        addresses.into_iter().any(|address| {
            [Server::Org, Server::Default]
                .iter()
                .any(|server| url == format!("{address}{}/{endpoint}", server.endpoints()))
        })
    }

    /// Whether this is the first time that the client says this; it may be said again after `end`.
    fn is_new(&self, client: &Client, id: &str, end: u64) -> bool {
        let now = self.now();
        let mut state = self.state();
        state.assertions.retain(|_, end| now < *end);
        let said = (client.client_id.clone(), id.to_owned());
        state.assertions.insert(said, end).is_none()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    jti: Option<String>,
}

/// The client that an assertion proves to this endpoint, such as `token`.
pub(super) async fn prove<'a>(
    org: &'a Org,
    form: &Parameters,
    assertion: &str,
    endpoint: &str,
) -> Result<&'a Client, Refusal> {
    let kind = form.one("client_assertion_type");
    if kind.map_err(|_| Refusal::repeated())? != Some(ASSERTION_TYPE) {
        return Err(Refusal::invalid_client(
            "The client_assertion_type is invalid.",
        ));
    }
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(failed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(failed)?;
    let header: Header = decoded(header).ok_or_else(failed)?;
    let claims: Claims = decoded(claims).ok_or_else(failed)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.map_err(|_| failed())?;

    let client = org.client(&claims.iss).ok_or_else(unknown)?;
    let keys = match org.authentication_of(client) {
        ClientAuthentication::Keys(keys) => keys,
        ClientAuthentication::KeysAt(url) => fetch(client, &url).await.ok_or_else(failed)?,
        ClientAuthentication::Secret => return Err(failed()),
    };
    // Okta: an assertion that names no key will do where there is one alone.
    let key = match &header.kid {
        Some(kid) => keys.iter().find(|key| key["kid"] == kid.as_str()),
        None => keys.first().filter(|_| keys.len() == 1),
    };
    let key =
        key.ok_or_else(|| Refusal::invalid_client("The client_assertion JWT kid is invalid."))?;
    let algorithm = match header.alg.as_str() {
        "ES256" => Algorithm::Es256,
        "RS256" => Algorithm::Rs256,
        _ => return Err(failed()),
    };
    let key = key.to_string();
    let verified =
        AwsLcSignatures::default().verify(algorithm, &key, signed.as_bytes(), &signature);
    if verified.is_err() {
        return Err(Refusal::invalid_client(
            "The client_assertion signature is invalid.",
        ));
    }
    if claims.sub != claims.iss {
        return Err(failed());
    }
    if !org.is_endpoint(&claims.aud, endpoint) {
        return Err(Refusal::invalid_client(
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ));
    }
    let now = org.now();
    if claims.exp <= now {
        return Err(Refusal::invalid_client(
            "The client_assertion token is expired.",
        ));
    }
    if claims.exp > now.saturating_add(MOST) {
        return Err(Refusal::invalid_client(
            "The client_assertion token has an expiration too far into the future.",
        ));
    }
    match &claims.jti {
        Some(id) if !org.is_new(client, id, claims.exp) => Err(Refusal::invalid_client(
            "The client_assertion token has already been used.",
        )),
        _ => Ok(client),
    }
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The keys at an address, asked for each time.
async fn fetch(client: &Client, url: &Url) -> Option<Vec<Value>> {
    let options = HttpOptions {
        danger_allow_loopback: true,
        ..HttpOptions::default()
    };
    let scope = Scope {
        connection_id: client.client_id.clone(),
        hosts: vec![url.authority().to_owned()],
        network: match url.scheme() {
            "http" => Network::DangerLoopback,
            _ => Network::Public,
        },
    };
    let request = HttpRequest {
        endpoint: contract::Endpoint::Keys,
        method: Method::Get,
        url: url.clone(),
        headers: vec![("accept", "application/json".to_owned())],
        body: Vec::new(),
        max_response: MAX_KEYS,
    };
    let answer = HttpClient::new(&options).ok()?.send(&scope, request).await;
    let answer = answer.ok().filter(|answer| answer.status == 200)?;
    let set: Value = serde_json::from_slice(&answer.body).ok()?;
    set.get("keys")?.as_array().cloned()
}
