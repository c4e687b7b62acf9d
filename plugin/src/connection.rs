//! Which connections are served: those that `config.check` returns.

use crate::base64url;
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, Connection, EmailRule, Network, PushedAuthorization,
};
use crate::origin::Origin;
use crate::record::Writer;

/// Bytes of an issuer or another URL of a connection.
const MAX_URL: usize = 512;

/// The digest of everything in a connection but its id and the digest itself.
#[must_use]
pub fn revision(connection: &Connection) -> String {
    let policy = &connection.policy;
    let mut writer = Writer::new("connection 1");
    writer
        .text(&connection.issuer)
        .list(&connection.hosts)
        .text(&connection.client_id)
        .text(&connection.redirect_uri)
        .optional(connection.post_logout_redirect_uri.as_deref())
        .list(&connection.scopes)
        .list(&connection.email_domains);
    writer.number(policy.algorithms.len() as u64);
    for algorithm in &policy.algorithms {
        writer.number(match algorithm {
            Algorithm::Rs256 => 0,
            Algorithm::Rs384 => 1,
            Algorithm::Rs512 => 2,
            Algorithm::Ps256 => 3,
            Algorithm::Ps384 => 4,
            Algorithm::Ps512 => 5,
            Algorithm::Es256 => 6,
            Algorithm::Es384 => 7,
            Algorithm::Eddsa => 8,
        });
    }
    writer
        .number(match policy.client_auth {
            ClientAuth::ClientSecretBasic => 0,
            ClientAuth::ClientSecretPost => 1,
            ClientAuth::PrivateKeyJwt => 2,
        })
        .number(match policy.email_rule {
            EmailRule::Exact => 0,
            EmailRule::AsciiCaseInsensitive => 1,
        })
        .number(u64::from(policy.clock_tolerance))
        .flag(policy.max_age.is_some())
        .number(u64::from(policy.max_age.unwrap_or_default()))
        .list(&policy.acr_values)
        .number(match policy.pushed_authorization {
            PushedAuthorization::WhenSupported => 0,
            PushedAuthorization::Never => 1,
            PushedAuthorization::Always => 2,
        })
        .number(match policy.network {
            Network::Public => 0,
            Network::DangerLoopback => 1,
        });
    base64url::encode(&writer.digest())
}

/// Whether `config.check` could have returned this connection, as far as can be seen from here.
#[must_use]
pub fn is_valid(connection: &Connection) -> bool {
    let policy = &connection.policy;
    let id = &connection.id;
    let id_valid = (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    let issuer_valid = connection.issuer.len() <= MAX_URL
        && !connection.issuer.contains('?')
        && Origin::parse(&connection.issuer).is_some_and(|origin| {
            origin.is_allowed(policy.network)
                && connection.hosts.iter().any(|host| host == origin.authority)
        });
    let client_valid = (1..=256).contains(&connection.client_id.len())
        && connection
            .client_id
            .bytes()
            .all(|byte| byte.is_ascii_graphic());
    let redirects_valid = [
        Some(connection.redirect_uri.as_str()),
        connection.post_logout_redirect_uri.as_deref(),
    ]
    .into_iter()
    .flatten()
    .all(|uri| uri.len() <= 1_024 && Origin::parse(uri).is_some());
    let policy_valid = !policy.algorithms.is_empty()
        && policy.clock_tolerance <= 600
        && policy
            .max_age
            .is_none_or(|age| (1..=2_147_483_647).contains(&age))
        && policy.acr_values.len() <= 8
        && policy.acr_values.iter().all(|value| {
            (1..=256).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
        });
    let scopes_valid = connection.scopes.iter().any(|scope| scope == "openid")
        && connection
            .scopes
            .iter()
            .all(|scope| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic()));
    id_valid
        && issuer_valid
        && client_valid
        && redirects_valid
        && policy_valid
        && scopes_valid
        && connection.revision == revision(connection)
}
