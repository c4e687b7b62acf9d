//! A whole `login.complete` whose answers are the input.
//!
//! The input is up to seven texts with the byte 0x1e between them: the callback's query, the ID token's header and its
//! claims (both as JSON, not encoded, so that changes stay meaningful), the token endpoint's answer, the key set, the
//! metadata and UserInfo. `{state}`, `{nonce}` and, in the answer, `{id-token}` are filled. A text that is not there is the
//! usual one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use okta_sso_plugin::contract::exports::sso::provider::config::Settings;
use okta_sso_plugin::contract::exports::sso::provider::login::{
    Callback, LoginError, LoginRequest, SignedIn,
};
use okta_sso_plugin::contract::sso::provider::types::{Connection, Endpoint};
use okta_sso_plugin::describe::default_policy;
use okta_sso_plugin::flow::{begin, complete as flow};
use okta_sso_plugin::{base64url, config, email};
use serde_json::Value;
use url::Url;

use crate::host::Host;

/// Between the texts of an input.
pub const SEPARATOR: u8 = 0x1e;

const USUAL: [&str; 7] = [
    "state={state}&code=c",
    r#"{"alg":"RS256","kid":"rsa-1"}"#,
    r#"{"iss":"https://acme.okta.com","sub":"00u1","aud":"0oa1acme2client3id4567","iat":1790000000,"exp":1790003600,"nonce":"{nonce}","email":"anna@acme.com"}"#,
    r#"{"token_type":"Bearer","access_token":"at-secret","id_token":"{id-token}"}"#,
    KEYS,
    METADATA,
    r#"{"sub":"00u1","email":"anna@acme.com"}"#,
];

const METADATA: &str = r#"{"issuer":"https://acme.okta.com","authorization_endpoint":"https://acme.okta.com/oauth2/v1/authorize","token_endpoint":"https://acme.okta.com/oauth2/v1/token","userinfo_endpoint":"https://acme.okta.com/oauth2/v1/userinfo","jwks_uri":"https://acme.okta.com/oauth2/v1/keys","response_types_supported":["code"],"id_token_signing_alg_values_supported":["RS256"]}"#;

/// The public half of `tests/keys/rsa-1`.
const KEYS: &str = r#"{"keys":[{"kty":"RSA","kid":"rsa-1","e":"AQAB","n":"wSKp4KZNvkPph3djrMBQRBAQIYQDYzcuP17hKjFRbja3NDrg1XRZsFPyS1VPlaGQlAMHKrIs-8WBTZamrJSeaX8kcjp_479WVGRV3Jj6NmLJAITjqwzzL1FSutB86FR1MGutNal42pWV1AyGM2hffMu3-Vo8GAoCxLIaWrdEvMpzaXSTm5oA89jTyFeNaXpBUeFa-pdH0J0SmT3OKbfnAP3ZzjSEdOk0jfqnlxZkI02ey8AvolI_twlv8ECnL6DVAKdx9C6QGYXJ8whD06A7L0Thw45Ygs2IYDrocsfhEhYkb30G1otxpZaRvAv3tQA5Ng8M9vQ2f_MOs92k-RGmhQ"}]}"#;

/// A login that waits for its callback; the same every time.
struct Begun {
    connection: Connection,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    state: String,
    nonce: String,
    browser_binding: String,
}

static BEGUN: LazyLock<Begun> = LazyLock::new(|| {
    let settings = Settings {
        connection_id: "acme".to_owned(),
        client_id: "0oa1acme2client3id4567".to_owned(),
        client_secret: None,
        issuer: "https://acme.okta.com".to_owned(),
        redirect_uri: "https://app.ledgerline.example/sso/okta/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.com".to_owned()],
        policy: default_policy(),
    };
    let connection = config::check(&settings)
        .expect("the settings are good")
        .connection;
    let mut host = Host {
        metadata: METADATA.into(),
        ..Host::default()
    };
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: None,
    };
    let redirect = begin::begin(&mut host, &connection, &request).expect("the login begins");
    let url = Url::parse(&redirect.url).expect("a URL");
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    Begun {
        connection,
        stored: host.stored,
        state: query["state"].clone(),
        nonce: query["nonce"].clone(),
        browser_binding: redirect.browser_binding,
    }
});

/// Whatever a provider with the right signature says: who signs in is on the connection's domain, by a token of its
/// issuer for this client and this login; the transaction is used once, and the log holds no secret.
pub fn complete(input: &[u8]) {
    let Some(signed_in) = run(input) else {
        return;
    };
    let begun = &*BEGUN;
    let person = signed_in.identity;
    assert!(email::is_well_formed(&person.email));
    assert!(person.email.to_ascii_lowercase().ends_with("@acme.com"));
    assert!((1..=255).contains(&person.subject.len()) && person.subject.is_ascii());
    assert_eq!(person.issuer, begun.connection.issuer);
    assert_ne!(person.email_verified, Some(false));
    let payload = signed_in
        .logout_hint
        .split('.')
        .nth(1)
        .and_then(base64url::decode);
    let claims: Value = serde_json::from_slice(&payload.unwrap_or_default()).expect("claims");
    assert_eq!(claims["iss"], begun.connection.issuer);
    assert_eq!(claims["nonce"], begun.nonce);
    assert_eq!(claims["sub"], person.subject);
    let client = &begun.connection.client_id;
    assert!(claims["aud"] == **client || claims["aud"][0] == **client);
}

fn run(input: &[u8]) -> Option<SignedIn> {
    let begun = &*BEGUN;
    let mut texts = input.split(|byte| *byte == SEPARATOR);
    let mut text = |usual: &str| {
        let text = texts.next().unwrap_or(usual.as_bytes());
        String::from_utf8_lossy(text)
            .replace("{state}", &begun.state)
            .replace("{nonce}", &begun.nonce)
    };
    let [query, header, claims, answer, keys, metadata, user_info] = USUAL.map(&mut text);
    let input = [header.as_bytes(), claims.as_bytes()]
        .map(base64url::encode)
        .join(".");
    let id_token = format!("{input}.c2ln");
    let mut host = Host {
        metadata: metadata.into_bytes(),
        token: answer.replace("{id-token}", &id_token).into_bytes(),
        keys: keys.into_bytes(),
        user_info: user_info.into_bytes(),
        stored: begun.stored.clone(),
        ..Host::default()
    };
    let callback = Callback {
        query,
        browser_binding: Some(begun.browser_binding.clone()),
    };
    let first = flow::complete(&mut host, &begun.connection, &callback);
    let tokens = host
        .asked
        .iter()
        .filter(|endpoint| **endpoint == Endpoint::Token);
    assert!(tokens.count() <= 1, "a code was sent twice");
    assert!(!host.logged.contains(&begun.nonce) && !host.logged.contains("at-secret"));
    if host.asked.contains(&Endpoint::Token) {
        let again = flow::complete(&mut host, &begun.connection, &callback);
        assert!(
            matches!(again, Err(LoginError::TransactionNotFound)),
            "a transaction was used twice"
        );
    }
    first.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_texts_sign_in() {
        let separator = char::from(SEPARATOR).to_string();
        assert!(run(USUAL.join(&separator).as_bytes()).is_some());
        assert!(run(USUAL[0].as_bytes()).is_some());
        assert!(run(b"").is_none());
    }
}
