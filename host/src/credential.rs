//! The client's own credential, which never enters the sandbox.

use std::fmt;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::bindings::sso::provider::http::ClientCredential;
use crate::capability::HttpRequest;
use crate::contract::ClientAuth;

/// Holds client secrets, by connection.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The secret of this connection's client; `None` when there is none.
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError>;
}

/// The credential could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client's credential cannot be read")]
pub struct CredentialError;

/// A secret text: wiped when dropped, shown by nothing.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why no credential can be put on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this connection has no client secret")]
    NoSecret,
    #[error("the client secret cannot be read")]
    Unreadable,
    #[error("private_key_jwt is not offered by this host")]
    NoPrivateKeys,
    #[error("the form already holds a credential, or is no form")]
    Form,
}

/// Puts the client's credential on `request` (RFC 6749 section 2.3.1).
pub(crate) fn attach(
    request: &mut HttpRequest,
    client: &ClientCredential,
    secret: Result<Option<Secret>, CredentialError>,
) -> Result<(), Refusal> {
    let is_form = request.headers.iter().any(|(name, value)| {
        *name == "content-type" && value.starts_with("application/x-www-form-urlencoded")
    });
    let given: Vec<_> = form_urlencoded::parse(&request.body)
        .map(|(name, _)| name)
        .collect();
    if !is_form
        || given
            .iter()
            .any(|name| name == "client_secret" || name == "client_assertion")
    {
        return Err(Refusal::Form);
    }
    let names_client = given.iter().any(|name| name == "client_id");
    match client.method {
        ClientAuth::ClientSecretBasic => {
            let secret = secret
                .map_err(|_| Refusal::Unreadable)?
                .ok_or(Refusal::NoSecret)?;
            let pair = Zeroizing::new(format!(
                "{}:{}",
                &*form(&client.client_id),
                &*form(secret.expose())
            ));
            request.headers.push((
                "authorization",
                format!("Basic {}", STANDARD.encode(&*pair)),
            ));
        }
        ClientAuth::ClientSecretPost => {
            let secret = secret
                .map_err(|_| Refusal::Unreadable)?
                .ok_or(Refusal::NoSecret)?;
            let mut add = |name: &str, value: &str| {
                if !request.body.is_empty() {
                    request.body.push(b'&');
                }
                request.body.extend_from_slice(name.as_bytes());
                request.body.push(b'=');
                request.body.extend_from_slice(form(value).as_bytes());
            };
            if !names_client {
                add("client_id", &client.client_id);
            }
            add("client_secret", secret.expose());
        }
        ClientAuth::PrivateKeyJwt => return Err(Refusal::NoPrivateKeys),
    }
    Ok(())
}

/// RFC 6749 appendix B: all but `A-Z a-z 0-9 * - . _` is percent-encoded, a space becomes `+`.
fn form(text: &str) -> Zeroizing<String> {
    Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Endpoint, Method};

    fn attached(method: ClientAuth, secret: &str, body: &str) -> Result<HttpRequest, Refusal> {
        let mut request = HttpRequest {
            endpoint: Endpoint::Token,
            method: Method::Post,
            url: "https://acme.okta.com/oauth2/v1/token".parse().unwrap(),
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: body.as_bytes().to_vec(),
            max_response: 1,
        };
        let client = ClientCredential {
            method,
            client_id: "i:d".to_owned(),
            audience: "https://acme.okta.com".to_owned(),
        };
        attach(
            &mut request,
            &client,
            Ok(Some(Secret::new(secret.to_owned()))),
        )?;
        Ok(request)
    }

    #[test]
    fn basic_encodes_both_halves_before_joining_them() {
        let request = attached(ClientAuth::ClientSecretBasic, "a+b c~*-._é", "code=1").unwrap();
        let (name, value) = request.headers.last().unwrap();
        let pair = STANDARD
            .decode(value.strip_prefix("Basic ").unwrap())
            .unwrap();
        assert_eq!(
            (*name, pair.as_slice()),
            ("authorization", &b"i%3Ad:a%2Bb+c%7E*-._%C3%A9"[..])
        );
        assert_eq!(request.body, b"code=1");
    }

    #[test]
    fn post_adds_to_the_form() {
        let request = attached(ClientAuth::ClientSecretPost, "a&b", "code=1").unwrap();
        assert_eq!(request.body, b"code=1&client_id=i%3Ad&client_secret=a%26b");
        let request = attached(ClientAuth::ClientSecretPost, "s", "client_id=x").unwrap();
        assert_eq!(request.body, b"client_id=x&client_secret=s");
    }

    #[test]
    fn what_cannot_be_attached_is_refused() {
        let refusal = |method, body| attached(method, "s", body).err();
        assert_eq!(
            refusal(ClientAuth::PrivateKeyJwt, ""),
            Some(Refusal::NoPrivateKeys)
        );
        let twice = "client_secret=x";
        assert_eq!(
            refusal(ClientAuth::ClientSecretBasic, twice),
            Some(Refusal::Form)
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("canary".to_owned())), "Secret");
    }
}
