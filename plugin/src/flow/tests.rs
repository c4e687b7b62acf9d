//! Whole sign-ins against a scripted host, natively.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::base64url;
use crate::capability::Capabilities;
use crate::connection;
use crate::contract::exports::sso::provider::config::Settings;
use crate::contract::exports::sso::provider::login::{
    Callback, LoginError, LoginRequest, Redirect, SignedIn, TokenProblem,
};
use crate::contract::sso::provider::http::{
    Authorization, Error as HttpError, Header, Request, Response,
};
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::signatures::Error as SignatureError;
use crate::contract::sso::provider::storage::Error as StorageError;
use crate::contract::sso::provider::types::{
    Algorithm, ClaimsSource, Connection, Endpoint, Outcome,
};
use crate::error::email_refusal;
use crate::flow::{begin, complete, rehearse};
use crate::form;

const NOW: u64 = 1_790_000_000;
const ISSUER: &str = "https://acme.okta.com";
const CLIENT: &str = "0oa1client";

/// A host and a provider in one: answers by endpoint, remembers what it was asked.
struct Script {
    now: u64,
    draws: u8,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    cached: BTreeMap<Vec<u8>, Vec<u8>>,
    asked: Vec<Endpoint>,
    logged: Vec<String>,
    /// The name of the key that is published and signs.
    key: &'static str,
    claims: String,
    user_info: String,
}

impl Script {
    fn new() -> Self {
        Self {
            now: NOW,
            draws: 0,
            stored: BTreeMap::new(),
            cached: BTreeMap::new(),
            asked: Vec::new(),
            logged: Vec::new(),
            key: "k1",
            claims: r#""email":"anna@a.com""#.to_owned(),
            user_info: r#"{"sub":"00u1","email":"anna@a.com","email_verified":true}"#.to_owned(),
        }
    }

    fn sign(jwk: &str, message: &[u8]) -> Vec<u8> {
        Sha256::digest([jwk.as_bytes(), message].concat()).to_vec()
    }

    fn jwk(&self) -> String {
        let modulus = base64url::encode(self.key.as_bytes());
        format!("{{\"kty\":\"RSA\",\"n\":\"{modulus}\",\"e\":\"AQAB\"}}")
    }

    fn id_token(&self, nonce: &str) -> String {
        let header = format!("{{\"alg\":\"RS256\",\"kid\":\"{}\"}}", self.key);
        let payload = format!(
            "{{\"iss\":\"{ISSUER}\",\"aud\":\"{CLIENT}\",\"sub\":\"00u1\",\"iat\":{},\"exp\":{},\
             \"nonce\":\"{nonce}\",\"amr\":[\"pwd\"],{}}}",
            self.now,
            self.now + 3_600,
            self.claims
        );
        let input = [header, payload]
            .map(|part| base64url::encode(part.as_bytes()))
            .join(".");
        let signature = base64url::encode(&Self::sign(&self.jwk(), input.as_bytes()));
        format!("{input}.{signature}")
    }

    fn metadata() -> String {
        let base = format!("{ISSUER}/oauth2/v1");
        format!(
            "{{\"issuer\":\"{ISSUER}\",\"authorization_endpoint\":\"{base}/authorize\",\
             \"token_endpoint\":\"{base}/token\",\"jwks_uri\":\"{base}/keys\",\
             \"userinfo_endpoint\":\"{base}/userinfo\",\"response_types_supported\":[\"code\"],\
             \"id_token_signing_alg_values_supported\":[\"RS256\"]}}"
        )
    }
}

impl Capabilities for Script {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        self.asked.push(request.endpoint);
        let body = match request.endpoint {
            Endpoint::Metadata => Self::metadata(),
            Endpoint::Keys => {
                let jwk = self
                    .jwk()
                    .replacen('{', &format!("{{\"kid\":\"{}\",", self.key), 1);
                format!("{{\"keys\":[{jwk}]}}")
            }
            Endpoint::Token => {
                let form = String::from_utf8(request.body.clone()).unwrap();
                let form = form::decode(&form).unwrap();
                // The script hands the nonce over as the code.
                let (_, nonce) = form.iter().find(|(name, _)| name == "code").unwrap();
                format!(
                    "{{\"token_type\":\"Bearer\",\"access_token\":\"at\",\"id_token\":\"{}\"}}",
                    self.id_token(nonce)
                )
            }
            Endpoint::UserInfo => {
                assert!(
                    matches!(&request.authorization, Authorization::Bearer(token) if token == "at")
                );
                self.user_info.clone()
            }
            other => panic!("{other:?}"),
        };
        Ok(Response {
            status: 200,
            headers: vec![Header {
                name: "content-type".into(),
                value: "application/json".into(),
            }],
            body: body.into_bytes(),
        })
    }

    fn put_if_absent(&mut self, key: &[u8], value: &[u8], _: u32) -> Result<bool, StorageError> {
        if self.stored.contains_key(key) {
            return Ok(false);
        }
        self.stored.insert(key.to_vec(), value.to_vec());
        Ok(true)
    }

    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.stored.remove(key))
    }

    fn cache_get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.cached.get(key).cloned()
    }

    fn cache_put(&mut self, key: &[u8], value: &[u8], _: u32) {
        self.cached.insert(key.to_vec(), value.to_vec());
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        self.draws += 1;
        (0..length)
            .map(|index| self.draws ^ u8::try_from(index).unwrap())
            .collect()
    }

    fn verify(
        &mut self,
        _: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if Self::sign(jwk, message) == signature {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn log(&mut self, _: Level, code: &str, fields: &[(&str, &str)]) {
        self.logged.push(format!("{code} {fields:?}"));
    }
}

fn connection() -> Connection {
    let settings = Settings {
        connection_id: "acme".into(),
        client_id: CLIENT.into(),
        client_secret: None,
        issuer: ISSUER.into(),
        redirect_uri: "https://app.example.com/sso/okta/callback".into(),
        post_logout_redirect_uri: Some("https://app.example.com/login".into()),
        email_domains: vec!["a.com".into()],
        policy: crate::describe::default_policy(),
    };
    crate::config::check(&settings).unwrap().connection
}

const PLAIN: LoginRequest = LoginRequest {
    login_hint: None,
    return_to: None,
    prompt: None,
};

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let pairs = form::decode(query).unwrap();
    let (_, value) = pairs.iter().find(|(found, _)| found == name).unwrap();
    value.to_string()
}

fn start(host: &mut Script, connection: &Connection) -> (Redirect, Callback) {
    let redirect = begin::begin(host, connection, &PLAIN).unwrap();
    let state = parameter(&redirect.url, "state");
    let nonce = parameter(&redirect.url, "nonce");
    let callback = Callback {
        query: form::encode(&[("code", &nonce), ("state", &state)]),
        browser_binding: Some(redirect.browser_binding.clone()),
    };
    (redirect, callback)
}

fn sign_in(host: &mut Script, connection: &Connection) -> Result<SignedIn, LoginError> {
    let (_, callback) = start(host, connection);
    host.asked.clear();
    complete::complete(host, connection, &callback)
}

#[test]
fn a_person_signs_in() {
    let (mut host, connection) = (Script::new(), connection());
    assert!(connection::is_valid(&connection));
    let (redirect, callback) = start(&mut host, &connection);
    assert_eq!(parameter(&redirect.url, "code_challenge_method"), "S256");
    assert_eq!(parameter(&redirect.url, "scope"), "openid profile email");
    assert_eq!(redirect.expires, NOW + 600);
    let signed_in = complete::complete(&mut host, &connection, &callback).unwrap();
    assert_eq!(signed_in.identity.email, "anna@a.com");
    assert_eq!(signed_in.identity.email_source, ClaimsSource::IdToken);
    assert_eq!(
        host.asked,
        [Endpoint::Metadata, Endpoint::Token, Endpoint::Keys]
    );
    assert!(host.stored.is_empty());

    sign_in(&mut host, &connection).unwrap();
    assert_eq!(
        host.asked,
        [Endpoint::Token],
        "the steady state is one request"
    );
    let log = host.logged.join("\n");
    for secret in [
        callback.query.as_str(),
        &redirect.browser_binding,
        &signed_in.logout_hint,
    ] {
        assert!(!log.contains(secret));
    }
}

#[test]
fn another_browser_finds_nothing_and_takes_nothing() {
    let (mut host, connection) = (Script::new(), connection());
    let (_, callback) = start(&mut host, &connection);
    for binding in [None, Some(base64url::encode(&[9; 32])), Some(String::new())] {
        let stranger = Callback {
            browser_binding: binding,
            ..callback.clone()
        };
        let refused = complete::complete(&mut host, &connection, &stranger);
        assert_eq!(
            refused,
            Err(LoginError::TransactionNotFound),
            "BI-001, BI-004"
        );
    }
    assert_eq!(host.asked, [Endpoint::Metadata]);
    assert!(complete::complete(&mut host, &connection, &callback).is_ok());
}

#[test]
fn a_callback_is_good_once_and_for_ten_minutes() {
    let (mut host, connection) = (Script::new(), connection());
    let (_, callback) = start(&mut host, &connection);
    assert!(complete::complete(&mut host, &connection, &callback).is_ok());
    let replayed = complete::complete(&mut host, &connection, &callback);
    assert_eq!(replayed, Err(LoginError::TransactionNotFound), "MT-32");

    for (later, found) in [(599, true), (600, false)] {
        let (_, callback) = start(&mut host, &connection);
        host.now += later;
        let result = complete::complete(&mut host, &connection, &callback);
        assert_eq!(result.is_ok(), found, "BI-169: {later}");
    }
}

#[test]
fn a_rotated_key_costs_one_more_request() {
    let (mut host, connection) = (Script::new(), connection());
    sign_in(&mut host, &connection).unwrap();
    host.key = "k2";
    sign_in(&mut host, &connection).unwrap();
    assert_eq!(host.asked, [Endpoint::Token, Endpoint::Keys], "F-20");
    sign_in(&mut host, &connection).unwrap();
    assert_eq!(host.asked, [Endpoint::Token]);
}

#[test]
fn a_thin_token_needs_user_info_about_the_same_person() {
    let (mut host, connection) = (Script::new(), connection());
    host.claims = r#""ver":1"#.to_owned();
    let signed_in = sign_in(&mut host, &connection).unwrap();
    assert_eq!(
        signed_in.identity.email_source,
        ClaimsSource::UserInfo,
        "BI-223"
    );
    assert_eq!(signed_in.identity.email_verified, Some(true));
    host.user_info = host.user_info.replace("00u1", "00u2");
    let refused = sign_in(&mut host, &connection).unwrap_err();
    assert!(
        matches!(refused, LoginError::ProviderMisbehaved(_)),
        "BI-224: {refused:?}"
    );
}

#[test]
fn claims_decide_after_the_signature() {
    let (mut host, connection) = (Script::new(), connection());
    for (claims, expected) in [
        (
            r#""email":"anna@b.com""#,
            LoginError::EmailDomainNotApproved(email_refusal(Some("anna@b.com"))),
        ),
        (
            r#""email":["anna@a.com"]"#,
            LoginError::EmailMalformed(email_refusal(None)),
        ),
        (
            r#""email":"anna@a.com\t""#,
            LoginError::EmailMalformed(email_refusal(Some("anna@a.com\t"))),
        ),
        (
            r#""email":"anna@a.com","email_verified":"true""#,
            LoginError::EmailUnverified(email_refusal(Some("anna@a.com"))),
        ),
        (
            r#""email_verified":"true""#,
            LoginError::EmailUnverified(email_refusal(None)),
        ),
        (
            r#""email":"anna@a.com","email_verified":false"#,
            LoginError::EmailUnverified(email_refusal(Some("anna@a.com"))),
        ),
        (
            r#""sub":"x""#,
            LoginError::TokenRejected(TokenProblem::DuplicateMember.into()),
        ),
        (
            r#""events":{}"#,
            LoginError::TokenRejected(TokenProblem::WrongType.into()),
        ),
    ] {
        host.claims = claims.to_owned();
        assert_eq!(sign_in(&mut host, &connection), Err(expected), "{claims}");
        assert!(host.stored.is_empty());
    }
}

#[test]
fn a_rehearsal_tells_every_check() {
    let (mut host, connection) = (Script::new(), connection());
    let (_, callback) = start(&mut host, &connection);
    let rehearsal = rehearse::rehearse(&mut host, &connection, &callback);
    assert!(
        rehearsal
            .checks
            .iter()
            .all(|finding| finding.outcome == Outcome::Pass)
    );
    assert!(rehearsal.identity.is_some());
    let again = rehearse::rehearse(&mut host, &connection, &callback);
    let outcomes: Vec<_> = again.checks.iter().map(|finding| finding.outcome).collect();
    assert_eq!(
        outcomes.get(..3).unwrap(),
        [Outcome::Pass, Outcome::Fail, Outcome::Skipped]
    );
}

#[test]
fn a_changed_connection_is_refused() {
    let (mut host, mut connection) = (Script::new(), connection());
    let (_, callback) = start(&mut host, &connection);
    connection.email_domains.push("b.com".into());
    let stale = complete::complete(&mut host, &connection, &callback);
    assert_eq!(stale, Err(LoginError::ConnectionInvalid));
    connection.revision = connection::revision(&connection);
    let changed = complete::complete(&mut host, &connection, &callback);
    assert_eq!(changed, Err(LoginError::ConnectionChanged), "MT-16");
}

#[test]
fn the_development_switch_admits_plain_http_to_loopback() {
    let mut policy = crate::describe::default_policy();
    let settings = |policy| Settings {
        connection_id: "dev".into(),
        client_id: CLIENT.into(),
        client_secret: None,
        issuer: "http://127.0.0.1:8081".into(),
        redirect_uri: "http://localhost:8080/sso/okta/callback".into(),
        post_logout_redirect_uri: None,
        email_domains: vec!["a.com".into()],
        policy,
    };
    assert!(crate::config::check(&settings(policy.clone())).is_err());
    policy.network = crate::contract::sso::provider::types::Network::DangerLoopback;
    let checked = crate::config::check(&settings(policy)).unwrap();
    assert!(connection::is_valid(&checked.connection));
}

#[test]
fn logout_tokens_and_revocations_are_honoured_once() {
    use crate::contract::exports::sso::provider::logout::{LogoutError, RevocationRequest};
    use crate::logout;

    let (mut host, connection) = (Script::new(), connection());
    let token = |host: &Script, typ: &str, claims: &str| {
        let header = format!(
            "{{\"alg\":\"RS256\",\"kid\":\"{}\",\"typ\":\"{typ}\"}}",
            host.key
        );
        let payload = format!(
            "{{\"iss\":\"{ISSUER}\",\"iat\":{NOW},\"exp\":{},\"jti\":\"j1\",{claims}}}",
            NOW + 300
        );
        let input = [header, payload]
            .map(|part| base64url::encode(part.as_bytes()))
            .join(".");
        let signature = base64url::encode(&Script::sign(&host.jwk(), input.as_bytes()));
        format!("{input}.{signature}")
    };
    let event = r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#;
    let good = format!("\"aud\":\"{CLIENT}\",\"sub\":\"00u1\",{event}");
    let logout_token = token(&host, "logout+jwt", &good);
    let notice = logout::receive_logout_token(&mut host, &connection, &logout_token).unwrap();
    assert_eq!(notice.subject.as_deref(), Some("00u1"));
    assert_eq!(
        logout::receive_logout_token(&mut host, &connection, &logout_token),
        Err(LogoutError::Replayed)
    );
    for (claims, expected) in [
        (
            format!("{good},\"nonce\":\"n\""),
            TokenProblem::NoncePresent,
        ),
        (
            format!("\"aud\":\"{CLIENT}\",\"sub\":\"00u1\""),
            TokenProblem::EventMissing,
        ),
    ] {
        let bad = token(&host, "logout+jwt", &claims);
        let refused = logout::receive_logout_token(&mut host, &connection, &bad);
        assert_eq!(refused, Err(LogoutError::TokenRejected(expected.into())));
    }

    let endpoint = "https://app.example.com/sso/okta/revoke";
    let claims = format!("\"aud\":\"{endpoint}\",\"sub\":\"{CLIENT}\"");
    let mut request = RevocationRequest {
        authorization: format!(
            "Bearer {}",
            token(&host, "global-token-revocation+jwt", &claims)
        ),
        body: r#"{"sub_id":{"format":"email","email":"anna@a.com"}}"#.into(),
        endpoint: endpoint.into(),
    };
    let notice = logout::receive_revocation(&mut host, &connection, &request).unwrap();
    assert_eq!(notice.email.as_deref(), Some("anna@a.com"));
    let replayed = logout::receive_revocation(&mut host, &connection, &request);
    assert_eq!(replayed, Err(LogoutError::Replayed));
    request.authorization = format!("Bearer {}", token(&host, "JWT", &claims));
    assert_eq!(
        logout::receive_revocation(&mut host, &connection, &request),
        Err(LogoutError::TokenRejected(TokenProblem::WrongType.into()))
    );
}

#[test]
fn unknown_keys_are_asked_for_within_a_bucket() {
    let (mut host, connection) = (Script::new(), connection());
    sign_in(&mut host, &connection).unwrap();
    let published = host.cached.clone();
    for (attempt, requests) in [(1, 2), (2, 2), (3, 2), (4, 1)] {
        // Every attempt finds the old key set in the cache and a token of a new key.
        for (key, value) in &published {
            host.cached.insert(key.clone(), value.clone());
        }
        host.key = "k2";
        let result = sign_in(&mut host, &connection);
        assert_eq!(host.asked.len(), requests, "T37: attempt {attempt}");
        assert_eq!(result.is_ok(), requests == 2, "attempt {attempt}");
    }
    host.now += 31;
    assert!(sign_in(&mut host, &connection).is_ok());
}
