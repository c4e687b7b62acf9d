//! What every call is given: one tenant's connection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::contract::sso::provider::types::Connection;

/// A digest of everything in the connection but its id and the digest itself: 43 characters of
/// base64url.
///
/// Every part is preceded by its length, so no two connections are written the same way.
#[must_use]
pub fn revision(connection: &Connection) -> String {
    let Connection {
        id: _,
        revision: _,
        issuer,
        hosts,
        client_id,
        redirect_uri,
        post_logout_redirect_uri,
        scopes,
        email_domains,
        policy,
    } = connection;
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    part("1");
    part(issuer);
    part(client_id);
    part(redirect_uri);
    part(&format!("{post_logout_redirect_uri:?}"));
    for list in [hosts, scopes, email_domains, &policy.acr_values] {
        part(&list.len().to_string());
        for element in list {
            part(element);
        }
    }
    let algorithms: Vec<u8> = policy
        .algorithms
        .iter()
        .map(|algorithm| *algorithm as u8)
        .collect();
    part(&format!("{algorithms:?}"));
    part(&(policy.client_auth as u8).to_string());
    part(&(policy.email_rule as u8).to_string());
    part(&policy.clock_tolerance.to_string());
    part(&format!("{:?}", policy.max_age));
    part(&(policy.pushed_authorization as u8).to_string());
    part(&(policy.network as u8).to_string());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}
