//! The metadata and the keys of an authorization server.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, IssuerUrl, JsonWebKeySetUrl, ProviderMetadata,
    RegistrationUrl, ResponseTypes, Scope, TokenUrl, UserInfoUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
    url::ParseError,
};
use serde::{Deserialize, Serialize};

use super::{issuer::Server, org::Org, parameters::Parameters, refusal::Refusal};

/// Provider metadata with the members that Okta adds.
pub(super) type OktaProviderMetadata = ProviderMetadata<
    OktaMembers,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Members beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct OktaMembers {
    code_challenge_methods_supported: Vec<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    end_session_endpoint: String,
    device_authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    backchannel_token_delivery_modes_supported: Vec<String>,
    backchannel_authentication_request_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
}

impl AdditionalProviderMetadata for OktaMembers {}

/// What metadata and UserInfo say about claims.
const CLAIMS: [&str; 31] = [
    "iss",
    "ver",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "auth_time",
    "amr",
    "idp",
    "nonce",
    "name",
    "nickname",
    "preferred_username",
    "given_name",
    "middle_name",
    "family_name",
    "email",
    "email_verified",
    "profile",
    "zoneinfo",
    "locale",
    "address",
    "phone_number",
    "picture",
    "website",
    "gender",
    "birthdate",
    "updated_at",
    "at_hash",
    "c_hash",
];

/// Serves the provider metadata.
///
/// Okta: `?client_id=` asks for the view of one client, whose issuer mode then counts.
pub(super) async fn metadata(
    State(org): State<Arc<Org>>,
    server: Server,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Parameters::parse(query.unwrap_or_default().as_bytes());
    let issuer = org.issuer(server, query.get("client_id"), org.address(&headers));
    let origin = issuer.strip_suffix(server.path()).unwrap_or(&issuer);
    match okta_metadata(&issuer, origin, server) {
        Ok(metadata) => (cacheable(&org), Json(metadata)).into_response(),
        Err(_) => Refusal::server_error("The metadata could not be written.").into_response(),
    }
}

/// Serves the public keys.
///
/// Okta: `?client_id=` asks for the keys pinned to one client; nothing is pinned here.
pub(super) async fn keys(State(org): State<Arc<Org>>, _: Server) -> Response {
    (cacheable(&org), Json(org.keys.published())).into_response()
}

fn cacheable(org: &Org) -> [(header::HeaderName, String); 1] {
    [(
        header::CACHE_CONTROL,
        format!("max-age={}, must-revalidate", org.config.max_age),
    )]
}

/// A server's metadata as Okta writes it for its organisation server.
fn okta_metadata(
    issuer: &str,
    origin: &str,
    server: Server,
) -> Result<OktaProviderMetadata, ParseError> {
    let endpoint = |name: &str| format!("{origin}{}/{name}", server.endpoints());
    let methods = || {
        vec![
            CoreClientAuthMethod::ClientSecretBasic,
            CoreClientAuthMethod::ClientSecretPost,
            CoreClientAuthMethod::ClientSecretJwt,
            CoreClientAuthMethod::PrivateKeyJwt,
            CoreClientAuthMethod::None,
        ]
    };
    let asymmetric = [
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    ];
    let symmetric = [
        CoreJwsSigningAlgorithm::HmacSha256,
        CoreJwsSigningAlgorithm::HmacSha384,
        CoreJwsSigningAlgorithm::HmacSha512,
    ];
    let all = || {
        symmetric
            .iter()
            .chain(&asymmetric)
            .cloned()
            .collect::<Vec<_>>()
    };
    let (code, id_token, token) = (
        CoreResponseType::Code,
        CoreResponseType::IdToken,
        CoreResponseType::Token,
    );
    let response_types = [
        vec![code.clone()],
        vec![id_token.clone()],
        vec![code.clone(), id_token.clone()],
        vec![code.clone(), token.clone()],
        vec![id_token.clone(), token.clone()],
        vec![code, id_token, token],
    ];
    let scopes = [
        "openid",
        "email",
        "profile",
        "address",
        "phone",
        "offline_access",
        "groups",
    ];

    Ok(ProviderMetadata::new(
        IssuerUrl::new(issuer.to_owned())?,
        AuthUrl::new(endpoint("authorize"))?,
        JsonWebKeySetUrl::new(endpoint("keys"))?,
        response_types.into_iter().map(ResponseTypes::new).collect(),
        vec![CoreSubjectIdentifierType::Public],
        vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
        OktaMembers {
            code_challenge_methods_supported: vec!["S256".to_owned()],
            introspection_endpoint: endpoint("introspect"),
            introspection_endpoint_auth_methods_supported: methods(),
            revocation_endpoint: endpoint("revoke"),
            revocation_endpoint_auth_methods_supported: methods(),
            end_session_endpoint: endpoint("logout"),
            device_authorization_endpoint: endpoint("device/authorize"),
            pushed_authorization_request_endpoint: endpoint("par"),
            backchannel_token_delivery_modes_supported: vec!["poll".to_owned()],
            backchannel_authentication_request_signing_alg_values_supported: all(),
        },
    )
    .set_token_endpoint(Some(TokenUrl::new(endpoint("token"))?))
    .set_userinfo_endpoint(Some(UserInfoUrl::new(endpoint("userinfo"))?))
    .set_registration_endpoint(Some(RegistrationUrl::new(format!(
        "{origin}/oauth2/v1/clients"
    ))?))
    .set_response_modes_supported(Some(vec![
        CoreResponseMode::Query,
        CoreResponseMode::Fragment,
        CoreResponseMode::FormPost,
        CoreResponseMode::Extension("okta_post_message".to_owned()),
    ]))
    .set_grant_types_supported(Some(vec![
        CoreGrantType::AuthorizationCode,
        CoreGrantType::Implicit,
        CoreGrantType::RefreshToken,
        CoreGrantType::Password,
        CoreGrantType::DeviceCode,
        CoreGrantType::Extension("urn:openid:params:grant-type:ciba".to_owned()),
    ]))
    .set_scopes_supported(Some(
        scopes.map(|scope| Scope::new(scope.to_owned())).to_vec(),
    ))
    .set_token_endpoint_auth_methods_supported(Some(methods()))
    .set_claims_supported(Some(
        CLAIMS
            .map(|claim| CoreClaimName::new(claim.to_owned()))
            .to_vec(),
    ))
    .set_request_parameter_supported(Some(true))
    .set_request_object_signing_alg_values_supported(Some(all())))
}
