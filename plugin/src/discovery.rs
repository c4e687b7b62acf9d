//! The provider's metadata (OpenID Connect Discovery 1.0, RFC 8414): where it lives and what is believed of it.

use crate::connection::{algorithm_name, client_auth_name, owns};
use crate::contract::exports::sso::provider::login::Fault;
use crate::contract::sso::provider::http::{Authorization, Header, Method, Request, Response};
use crate::contract::sso::provider::types::{Algorithm, Connection, Endpoint};
use crate::error::ProviderError;
use crate::json::Object;
use crate::record::{Reader, Writer};
use crate::response;

const STORED: &str = "metadata 1";

/// What the flow needs of the metadata; every endpoint is on the issuer's own host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where the browser goes.
    pub authorization_endpoint: String,
    /// Where the code is redeemed.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Absent: a thin ID token cannot be completed.
    pub userinfo_endpoint: Option<String>,
    /// Absent: only the platform's own session can be ended.
    pub end_session_endpoint: Option<String>,
    /// RFC 9126 section 5.
    pub pushed_authorization_endpoint: Option<String>,
    /// RFC 9126 section 5, `require_pushed_authorization_requests`.
    pub requires_pushed_authorization: bool,
    /// RFC 9207 section 3: every callback names its issuer.
    pub announces_issuer: bool,
    /// Allowed by the connection and listed by the provider.
    pub algorithms: Vec<Algorithm>,
}

/// Where an issuer's metadata is (Discovery section 4: a trailing slash is left out).
#[must_use]
pub fn metadata_url(issuer: &str) -> String {
    [
        issuer.trim_end_matches('/'),
        "/.well-known/openid-configuration",
    ]
    .concat()
}

/// A GET of one JSON document.
#[must_use]
pub fn document_request(endpoint: Endpoint, url: String) -> Request {
    Request {
        endpoint,
        method: Method::Get,
        url,
        headers: vec![Header {
            name: "accept".into(),
            value: "application/json".into(),
        }],
        body: Vec::new(),
        authorization: Authorization::None,
    }
}

/// Reads and judges the metadata.
///
/// Errors: in this order, the first that applies: status, content type, JSON, issuer, endpoints, what the connection
/// needs.
pub fn process_metadata_response(
    connection: &Connection,
    response: &Response,
    now: u64,
) -> Result<Metadata, ProviderError> {
    let document = response::json_of_status(Endpoint::Metadata, 200, response, now)?;
    check_issuer(connection, &document)?;
    let endpoints = Endpoints {
        connection,
        document: &document,
    };
    let metadata = Metadata {
        authorization_endpoint: endpoints.required("authorization_endpoint")?,
        token_endpoint: endpoints.required("token_endpoint")?,
        jwks_uri: endpoints.required("jwks_uri")?,
        userinfo_endpoint: endpoints.optional("userinfo_endpoint")?,
        end_session_endpoint: endpoints.optional("end_session_endpoint")?,
        pushed_authorization_endpoint: endpoints
            .optional("pushed_authorization_request_endpoint")?,
        requires_pushed_authorization: flag(&document, "require_pushed_authorization_requests")?,
        announces_issuer: flag(&document, "authorization_response_iss_parameter_supported")?,
        algorithms: algorithms(connection, &document)?,
    };
    check_code_flow(&document)?;
    check_pkce(&document)?;
    check_client_auth(connection, &document)?;
    Ok(metadata)
}

/// Discovery section 4.3: identical to the issuer that was asked, byte for byte.
pub fn check_issuer(connection: &Connection, document: &Object<'_>) -> Result<(), ProviderError> {
    let issuer = document
        .string("issuer")
        .map_err(|error| ProviderError::member(Endpoint::Metadata, error))?;
    if issuer == connection.issuer {
        return Ok(());
    }
    // Okta: an added custom domain, or the console's host, answers with another issuer.
    Err(ProviderError::compared(
        Endpoint::Metadata,
        Fault::IssuerMismatch,
        &connection.issuer,
        issuer,
    ))
}

/// `code` by query, the only response this flow asks for.
pub fn check_code_flow(document: &Object<'_>) -> Result<(), ProviderError> {
    let types = strings(document, "response_types_supported")?;
    require(
        types.contains(&"code"),
        "response_types_supported: code",
        &types,
    )?;
    // Discovery section 3: absent means query and fragment.
    let modes = optional_strings(document, "response_modes_supported")?;
    modes.map_or(Ok(()), |modes| {
        require(
            modes.contains(&"query"),
            "response_modes_supported: query",
            &modes,
        )
    })
}

/// RFC 7636: `S256`. A provider that lists no method is sent a challenge all the same.
pub fn check_pkce(document: &Object<'_>) -> Result<(), ProviderError> {
    let methods = optional_strings(document, "code_challenge_methods_supported")?;
    methods.map_or(Ok(()), |methods| {
        require(
            methods.contains(&"S256"),
            "code_challenge_methods_supported: S256",
            &methods,
        )
    })
}

/// The connection's way to prove itself; absent means `client_secret_basic` (Discovery section 3).
pub fn check_client_auth(
    connection: &Connection,
    document: &Object<'_>,
) -> Result<(), ProviderError> {
    let wanted = client_auth_name(connection.policy.client_auth);
    let offered = optional_strings(document, "token_endpoint_auth_methods_supported")?
        .unwrap_or_else(|| vec!["client_secret_basic"]);
    require(offered.contains(&wanted), wanted, &offered)
}

/// The connection's algorithms that the provider signs with.
pub fn algorithms(
    connection: &Connection,
    document: &Object<'_>,
) -> Result<Vec<Algorithm>, ProviderError> {
    let listed = strings(document, "id_token_signing_alg_values_supported")?;
    let allowed = &connection.policy.algorithms;
    let usable: Vec<_> = allowed
        .iter()
        .copied()
        .filter(|one| listed.contains(&algorithm_name(*one)))
        .collect();
    let wanted: Vec<_> = allowed.iter().map(|one| algorithm_name(*one)).collect();
    require(!usable.is_empty(), &wanted.join(" "), &listed)?;
    Ok(usable)
}

struct Endpoints<'a> {
    connection: &'a Connection,
    document: &'a Object<'a>,
}

impl Endpoints<'_> {
    fn required(&self, name: &'static str) -> Result<String, ProviderError> {
        self.optional(name)?.ok_or_else(|| {
            ProviderError::member(Endpoint::Metadata, crate::json::MemberError::Missing(name))
        })
    }

    fn optional(&self, name: &'static str) -> Result<Option<String>, ProviderError> {
        let url = self
            .document
            .optional_string(name)
            .map_err(|error| ProviderError::member(Endpoint::Metadata, error))?;
        match url {
            None => Ok(None),
            Some(url) if owns(self.connection, url) => Ok(Some(url.to_owned())),
            Some(url) => Err(ProviderError::compared(
                Endpoint::Metadata,
                Fault::EndpointOffHost,
                &self.connection.issuer,
                url,
            )),
        }
    }
}

fn flag(document: &Object<'_>, name: &'static str) -> Result<bool, ProviderError> {
    document
        .optional_bool(name)
        .map(Option::unwrap_or_default)
        .map_err(|error| ProviderError::member(Endpoint::Metadata, error))
}

fn optional_strings<'a>(
    document: &'a Object<'_>,
    name: &'static str,
) -> Result<Option<Vec<&'a str>>, ProviderError> {
    document
        .optional_strings(name)
        .map_err(|error| ProviderError::member(Endpoint::Metadata, error))
}

fn strings<'a>(
    document: &'a Object<'_>,
    name: &'static str,
) -> Result<Vec<&'a str>, ProviderError> {
    optional_strings(document, name)?.ok_or_else(|| {
        ProviderError::member(Endpoint::Metadata, crate::json::MemberError::Missing(name))
    })
}

fn require(holds: bool, expected: &str, found: &[&str]) -> Result<(), ProviderError> {
    if holds {
        return Ok(());
    }
    Err(ProviderError::compared(
        Endpoint::Metadata,
        Fault::Unsupported,
        expected,
        &found.join(" "),
    ))
}

impl Metadata {
    /// The form in the cache.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let names: Vec<String> = self
            .algorithms
            .iter()
            .map(|one| algorithm_name(*one).to_owned())
            .collect();
        Writer::new(STORED)
            .text(&self.authorization_endpoint)
            .text(&self.token_endpoint)
            .text(&self.jwks_uri)
            .optional(self.userinfo_endpoint.as_deref())
            .optional(self.end_session_endpoint.as_deref())
            .optional(self.pushed_authorization_endpoint.as_deref())
            .flag(self.requires_pushed_authorization)
            .flag(self.announces_issuer)
            .text(&names.join(" "))
            .finish()
    }

    /// Reads the form in the cache; none for another version.
    #[must_use]
    pub fn from_bytes(connection: &Connection, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes, STORED)?;
        let owned = |text: &str| text.to_owned();
        Some(Self {
            authorization_endpoint: reader.text().map(owned)?,
            token_endpoint: reader.text().map(owned)?,
            jwks_uri: reader.text().map(owned)?,
            userinfo_endpoint: reader.optional()?.map(owned),
            end_session_endpoint: reader.optional()?.map(owned),
            pushed_authorization_endpoint: reader.optional()?.map(owned),
            requires_pushed_authorization: reader.flag()?,
            announces_issuer: reader.flag()?,
            algorithms: {
                let names: Vec<_> = reader.text()?.split(' ').collect();
                let allowed = connection.policy.algorithms.iter().copied();
                allowed
                    .filter(|one| names.contains(&algorithm_name(*one)))
                    .collect()
            },
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::connection::tests::connection;
    use crate::json::MemberError;
    use crate::response::tests::answer;

    /// Okta's own shape, of the org authorization server.
    pub(crate) fn document() -> serde_json::Value {
        serde_json::json!({
            "issuer": "https://acme.okta.com",
            "authorization_endpoint": "https://acme.okta.com/oauth2/v1/authorize",
            "token_endpoint": "https://acme.okta.com/oauth2/v1/token",
            "userinfo_endpoint": "https://acme.okta.com/oauth2/v1/userinfo",
            "jwks_uri": "https://acme.okta.com/oauth2/v1/keys",
            "response_types_supported": ["code", "id_token", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "end_session_endpoint": "https://acme.okta.com/oauth2/v1/logout",
            "pushed_authorization_request_endpoint": "https://acme.okta.com/oauth2/v1/par",
        })
    }

    fn process(document: &serde_json::Value) -> Result<Metadata, ProviderError> {
        process_metadata_response(&connection(), &answer(200, &document.to_string()), 0)
    }

    fn with(name: &str, value: serde_json::Value) -> Result<Metadata, ProviderError> {
        let mut document = document();
        document[name] = value;
        process(&document)
    }

    fn without(name: &str) -> Result<Metadata, ProviderError> {
        let mut document = document();
        document.as_object_mut().unwrap().remove(name);
        process(&document)
    }

    #[test]
    fn oktas_metadata_is_understood_and_survives_the_cache() {
        let metadata = process(&document()).unwrap();
        assert_eq!(
            metadata.token_endpoint,
            "https://acme.okta.com/oauth2/v1/token"
        );
        assert_eq!(metadata.algorithms, [Algorithm::Rs256]);
        assert!(!metadata.announces_issuer);
        assert_eq!(
            Metadata::from_bytes(&connection(), &metadata.to_bytes()),
            Some(metadata)
        );
        assert_eq!(
            Metadata::from_bytes(&connection(), b"of another version"),
            None
        );
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        for other in [
            "https://acme.okta.com/",
            "https://ACME.okta.com",
            "https://acme.okta.com:443",
            "http://acme.okta.com",
            "https://acme.okta.com/oauth2/default",
        ] {
            assert_eq!(
                with("issuer", other.into()).unwrap_err(),
                ProviderError::compared(
                    Endpoint::Metadata,
                    Fault::IssuerMismatch,
                    "https://acme.okta.com",
                    other
                ),
                "BI-066"
            );
        }
        for mistyped in [
            1.into(),
            serde_json::Value::Null,
            serde_json::json!(["https://acme.okta.com"]),
        ] {
            assert_eq!(
                with("issuer", mistyped).unwrap_err(),
                ProviderError::member(Endpoint::Metadata, MemberError::Mistyped("issuer")),
                "BI-067"
            );
        }
    }

    #[test]
    fn endpoints_that_the_flow_needs_are_required() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "response_types_supported",
        ] {
            assert_eq!(
                without(name).unwrap_err(),
                ProviderError::member(
                    Endpoint::Metadata,
                    MemberError::Missing(match name {
                        "authorization_endpoint" => "authorization_endpoint",
                        "token_endpoint" => "token_endpoint",
                        "jwks_uri" => "jwks_uri",
                        _ => "response_types_supported",
                    })
                ),
                "BI-071: {name}"
            );
        }
        assert!(
            without("userinfo_endpoint")
                .unwrap()
                .userinfo_endpoint
                .is_none()
        );
    }

    #[test]
    fn what_the_connection_needs_must_be_offered() {
        let unsupported = |result: Result<Metadata, ProviderError>| {
            matches!(result, Err(ProviderError::Misbehaved(misbehaviour))
                if misbehaviour.fault == Fault::Unsupported)
        };
        let list = |names: &[&str]| serde_json::json!(names);
        assert!(
            unsupported(with(
                "id_token_signing_alg_values_supported",
                list(&["HS256", "none"])
            )),
            "BI-072"
        );
        assert!(
            unsupported(with("response_types_supported", list(&["id_token"]))),
            "BI-073"
        );
        assert!(
            unsupported(with(
                "token_endpoint_auth_methods_supported",
                list(&["private_key_jwt"])
            )),
            "BI-074"
        );
        assert!(
            unsupported(with("code_challenge_methods_supported", list(&["plain"]))),
            "BI-076"
        );
        assert!(unsupported(with(
            "response_modes_supported",
            list(&["form_post"])
        )));
        assert!(without("code_challenge_methods_supported").is_ok());
        assert!(without("token_endpoint_auth_methods_supported").is_ok());
    }
}
