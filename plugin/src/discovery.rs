//! Provider metadata (OpenID Connect Discovery 1.0 section 4).

use crate::answer;
use crate::contract::exports::sso::provider::login::Fault;
use crate::contract::sso::provider::http::{Authorization, Method, Request, Response};
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, Connection, Endpoint, PushedAuthorization,
};
use crate::error::ProviderError;
use crate::json::Object;
use crate::jws;
use crate::origin::Origin;
use crate::record::{Reader, Writer};

const VERSION: &str = "metadata 1";

/// What the flow needs of a provider's metadata, checked against the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `authorization_endpoint`.
    pub authorization: String,
    /// `token_endpoint`.
    pub token: String,
    /// `jwks_uri`.
    pub keys: String,
    /// `userinfo_endpoint`.
    pub user_info: String,
    /// `end_session_endpoint`.
    pub end_session: Option<String>,
    /// `pushed_authorization_request_endpoint`, when requests are to be pushed.
    pub pushed_authorization: Option<String>,
    /// Whether callbacks carry `iss` (RFC 9207 section 3).
    pub response_issuer: bool,
    /// What the provider offers of what the connection allows; never empty.
    pub algorithms: Vec<Algorithm>,
}

/// The request for the metadata of the connection's issuer.
#[must_use]
pub fn build_metadata_request(connection: &Connection) -> Request {
    let issuer = &connection.issuer;
    // Discovery 1.0 section 4.1: a terminating slash goes before the well-known path is added.
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Request {
        endpoint: Endpoint::Metadata,
        method: Method::Get,
        url: [base, "/.well-known/openid-configuration"].concat(),
        headers: vec![answer::accept_json()],
        body: Vec::new(),
        authorization: Authorization::None,
    }
}

/// Checks the provider's metadata.
///
/// # Errors
/// Every fault of [`Fault`] but those of subject, e-mail and keys.
pub fn process_metadata_response(
    connection: &Connection,
    response: &Response,
    now: u64,
) -> Result<Metadata, ProviderError> {
    answer::check_available(Endpoint::Metadata, response, now)?;
    answer::check_status(Endpoint::Metadata, response, 200)?;
    let document = answer::object(Endpoint::Metadata, response)?;
    let member = |error| ProviderError::member(Endpoint::Metadata, error);

    // Discovery 1.0 section 4.3: identical, so compared byte for byte.
    let issuer = document.string("issuer").map_err(member)?;
    if issuer != connection.issuer {
        return Err(ProviderError::compared(
            Endpoint::Metadata,
            Fault::IssuerMismatch,
            &connection.issuer,
            issuer,
        ));
    }
    let endpoint = |name| {
        let url = document.string(name).map_err(member)?;
        check_endpoint(connection, url)
    };
    let optional_endpoint = |name| {
        let url = document.optional_string(name).map_err(member)?;
        url.map(|url| check_endpoint(connection, url)).transpose()
    };
    let authorization = endpoint("authorization_endpoint")?;
    let token = endpoint("token_endpoint")?;
    let keys = endpoint("jwks_uri")?;
    let user_info = endpoint("userinfo_endpoint")?;
    let end_session = optional_endpoint("end_session_endpoint")?;
    let pushed = optional_endpoint("pushed_authorization_request_endpoint")?;

    check_offer(&document, "response_types_supported", "code", Absent::Fault)?;
    // RFC 7636: absence is no reason to go without; only a list that leaves S256 out is.
    check_offer(
        &document,
        "code_challenge_methods_supported",
        "S256",
        Absent::Fine,
    )?;
    let (method, absent) = match connection.policy.client_auth {
        // OpenID Connect Core 9, and Okta: `client_secret_basic` when nothing is said.
        ClientAuth::ClientSecretBasic => ("client_secret_basic", Absent::Fine),
        ClientAuth::ClientSecretPost => ("client_secret_post", Absent::Unsupported),
        ClientAuth::PrivateKeyJwt => ("private_key_jwt", Absent::Unsupported),
    };
    check_offer(
        &document,
        "token_endpoint_auth_methods_supported",
        method,
        absent,
    )?;

    let offered = document
        .optional_strings("id_token_signing_alg_values_supported")
        .map_err(member)?
        .ok_or_else(|| {
            ProviderError::member(
                Endpoint::Metadata,
                crate::json::MemberError::Missing("id_token_signing_alg_values_supported"),
            )
        })?;
    let algorithms: Vec<Algorithm> = offered
        .iter()
        .filter_map(|name| jws::algorithm(name))
        .filter(|algorithm| connection.policy.algorithms.contains(algorithm))
        .collect();
    if algorithms.is_empty() {
        return Err(ProviderError::compared(
            Endpoint::Metadata,
            Fault::Unsupported,
            "id_token_signing_alg_values_supported",
            &offered.join(" "),
        ));
    }
    let required = document
        .optional_bool("require_pushed_authorization_requests")
        .map_err(member)?
        .unwrap_or_default();
    let pushed_authorization = match (connection.policy.pushed_authorization, pushed) {
        (PushedAuthorization::Never, _) if required => {
            return Err(unsupported("require_pushed_authorization_requests"));
        }
        (PushedAuthorization::Always, None) => {
            return Err(unsupported("pushed_authorization_request_endpoint"));
        }
        (PushedAuthorization::Never, _) => None,
        (_, pushed) => pushed,
    };
    Ok(Metadata {
        authorization,
        token,
        keys,
        user_info,
        end_session,
        pushed_authorization,
        response_issuer: document
            .optional_bool("authorization_response_iss_parameter_supported")
            .map_err(member)?
            .unwrap_or_default(),
        algorithms,
    })
}

fn unsupported(name: &str) -> ProviderError {
    ProviderError::compared(Endpoint::Metadata, Fault::Unsupported, name, "")
}

fn check_endpoint(connection: &Connection, url: &str) -> Result<String, ProviderError> {
    if url.len() <= 1_024 && Origin::parse(url).is_some_and(|origin| origin.is_of(connection)) {
        return Ok(url.to_owned());
    }
    Err(ProviderError::compared(
        Endpoint::Metadata,
        Fault::EndpointOffHost,
        &connection.hosts.join(" "),
        url,
    ))
}

#[derive(Clone, Copy)]
enum Absent {
    Fine,
    Fault,
    Unsupported,
}

fn check_offer(
    document: &Object<'_>,
    name: &'static str,
    wanted: &str,
    absent: Absent,
) -> Result<(), ProviderError> {
    let member = |error| ProviderError::member(Endpoint::Metadata, error);
    match (document.optional_strings(name).map_err(member)?, absent) {
        (None, Absent::Fine) => Ok(()),
        (None, Absent::Fault) => Err(member(crate::json::MemberError::Missing(name))),
        (Some(offered), _) if offered.contains(&wanted) => Ok(()),
        (offered, _) => Err(ProviderError::compared(
            Endpoint::Metadata,
            Fault::Unsupported,
            wanted,
            &offered.unwrap_or_default().join(" "),
        )),
    }
}

impl Metadata {
    /// The compact form for the cache.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer
            .text(&self.authorization)
            .text(&self.token)
            .text(&self.keys)
            .text(&self.user_info)
            .optional(self.end_session.as_deref())
            .optional(self.pushed_authorization.as_deref())
            .flag(self.response_issuer);
        for algorithm in &self.algorithms {
            writer.text(jws::name(*algorithm));
        }
        writer.finish()
    }

    /// Reads [`Self::to_record`]'s form; none for any other.
    #[must_use]
    pub fn from_record(record: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(record, VERSION)?;
        let mut metadata = Self {
            authorization: reader.text()?.to_owned(),
            token: reader.text()?.to_owned(),
            keys: reader.text()?.to_owned(),
            user_info: reader.text()?.to_owned(),
            end_session: reader.optional()?.map(str::to_owned),
            pushed_authorization: reader.optional()?.map(str::to_owned),
            response_issuer: reader.flag()?,
            algorithms: Vec::new(),
        };
        while !reader.is_empty() {
            metadata.algorithms.push(jws::algorithm(reader.text()?)?);
        }
        Some(metadata)
    }
}
