use super::*;
use crate::contract::exports::sso::provider::config::Settings;
use crate::contract::sso::provider::http::Error as HttpError;
use crate::contract::sso::provider::http::Header;
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::signatures::Error as SignatureError;
use crate::contract::sso::provider::storage::Error as StorageError;
use crate::contract::sso::provider::types::Algorithm;

const NOW: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const KEYS: &str = r#"{"keys":[{"kty":"oct","k":"x"},{"kty":"RSA","kid":"a","use":"sig","n":"eHg","e":"AQAB"},{"kty":"RSA","n":"eHg","e":"AQAB"},{"kty":"RSA","kid":"b","n":"eHg","e":"AQAB"}]}"#;

/// Answers with the metadata, then with the keys.
struct Script {
    answers: Vec<Result<Response, HttpError>>,
    sent: Vec<String>,
    now: u64,
}

impl Capabilities for Script {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        self.sent.push(request.url.clone());
        if self.answers.is_empty() {
            Err(HttpError::Unreachable)
        } else {
            self.answers.remove(0)
        }
    }
    fn put_if_absent(&mut self, _: &[u8], _: &[u8], _: u32) -> Result<bool, StorageError> {
        panic!("a probe stores nothing")
    }
    fn take(&mut self, _: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        panic!("a probe takes nothing")
    }
    fn cache_get(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        panic!("a probe reads anew")
    }
    fn cache_put(&mut self, _: &[u8], _: &[u8], _: u32) {
        panic!("a probe changes nothing")
    }
    fn now(&mut self) -> u64 {
        self.now
    }
    fn random(&mut self, _: u32) -> Vec<u8> {
        panic!("a probe draws nothing")
    }
    fn verify(&mut self, _: Algorithm, _: &str, _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
        panic!("a probe verifies nothing")
    }
    fn log(&mut self, _: Level, _: &str, _: &[(&str, &str)]) {}
}

fn connection() -> Connection {
    let settings = Settings {
        connection_id: "acme".to_owned(),
        client_id: "0oa1b2c3d4E5F6g7h8i9".to_owned(),
        client_secret: None,
        issuer: "https://acme.okta.com".to_owned(),
        redirect_uri: "https://app.example.com/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: Vec::new(),
        policy: crate::describe::default_policy(),
    };
    crate::config::check(&settings).unwrap().connection
}

fn metadata() -> serde_json::Value {
    serde_json::json!({
        "issuer": "https://acme.okta.com",
        "authorization_endpoint": "https://acme.okta.com/oauth2/v1/authorize",
        "token_endpoint": "https://acme.okta.com/oauth2/v1/token",
        "userinfo_endpoint": "https://acme.okta.com/oauth2/v1/userinfo",
        "jwks_uri": "https://acme.okta.com/oauth2/v1/keys",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "scopes_supported": ["openid", "email", "profile"],
    })
}

fn response(status: u16, content_type: &str, body: &str) -> Response {
    let header = |name: &str, value: &str| Header {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Response {
        status,
        headers: vec![header("content-type", content_type), header("date", DATE)],
        body: body.as_bytes().to_vec(),
    }
}

fn json(body: &str) -> Result<Response, HttpError> {
    Ok(response(200, "application/json", body))
}

fn run(answers: Vec<Result<Response, HttpError>>, now: u64) -> (Vec<Finding>, Vec<String>) {
    let mut script = Script {
        answers,
        sent: Vec::new(),
        now,
    };
    let findings = probe(&mut script, &connection());
    let checks: Vec<Check> = findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, CHECKS);
    (findings, script.sent)
}

/// What is not a pass: check, outcome, reason.
fn complaints(findings: &[Finding]) -> Vec<(Check, Outcome, &str)> {
    findings
        .iter()
        .filter(|finding| finding.outcome != Outcome::Pass)
        .map(|finding| {
            (
                finding.check,
                finding.outcome,
                finding.reason.as_deref().unwrap_or(""),
            )
        })
        .collect()
}

#[test]
fn a_sound_provider_passes_every_check() {
    let (findings, sent) = run(vec![json(&metadata().to_string()), json(KEYS)], NOW);
    assert_eq!(complaints(&findings), []);
    assert_eq!(findings[8].found.as_deref(), Some("a b"));
    assert_eq!(
        sent,
        [
            "https://acme.okta.com/.well-known/openid-configuration",
            "https://acme.okta.com/oauth2/v1/keys"
        ]
    );
}

#[test]
fn nothing_is_looked_at_without_metadata() {
    let status = |status| Ok(response(status, "application/json", "{}"));
    let unavailable = "login/provider-unavailable/metadata";
    for (answer, reason) in [
        (Err(HttpError::Denied), unavailable),
        (Err(HttpError::Unreachable), unavailable),
        (Err(HttpError::Timeout), unavailable),
        (status(503), unavailable),
        (status(429), "login/provider-busy"),
        (status(404), "login/provider-misbehaved/metadata/status"),
        (
            Err(HttpError::TooLarge),
            "login/provider-misbehaved/metadata/too-large",
        ),
        (json("{}{}"), "login/provider-misbehaved/metadata/not-json"),
        (
            Ok(response(200, "text/html", "<p>")),
            "login/provider-misbehaved/metadata/content-type",
        ),
    ] {
        let (findings, sent) = run(vec![answer], NOW);
        assert_eq!(
            complaints(&findings)[0],
            (Check::Metadata, Outcome::Fail, reason)
        );
        assert!(
            findings
                .iter()
                .skip(1)
                .all(|finding| finding.outcome == Outcome::Skipped)
        );
        assert_eq!(sent.len(), 1, "{reason}");
    }
}

#[test]
fn each_fault_of_the_metadata_has_its_own_line() {
    let misbehaved = |fault: &str| format!("login/provider-misbehaved/metadata/{fault}");
    for (id, member, value, check, outcome, fault) in [
        (
            "BI-066",
            "issuer",
            "\"https://acme.okta.com/\"",
            Check::Issuer,
            Outcome::Fail,
            "issuer-mismatch",
        ),
        (
            "BI-067",
            "issuer",
            "1",
            Check::Issuer,
            Outcome::Fail,
            "mistyped-member",
        ),
        (
            "BI-069",
            "token_endpoint",
            "\"https://evil.com/t\"",
            Check::Endpoints,
            Outcome::Fail,
            "endpoint-off-host",
        ),
        (
            "BI-069",
            "token_endpoint",
            "\"http://acme.okta.com/t\"",
            Check::Endpoints,
            Outcome::Fail,
            "endpoint-off-host",
        ),
        (
            "BI-072",
            "id_token_signing_alg_values_supported",
            "[\"HS256\",\"none\"]",
            Check::TokenAlgorithm,
            Outcome::Fail,
            "unsupported",
        ),
        (
            "BI-073",
            "response_types_supported",
            "[\"token\"]",
            Check::CodeFlow,
            Outcome::Fail,
            "unsupported",
        ),
        (
            "BI-074",
            "token_endpoint_auth_methods_supported",
            "[\"private_key_jwt\"]",
            Check::ClientAuthentication,
            Outcome::Fail,
            "unsupported",
        ),
        (
            "BI-076",
            "code_challenge_methods_supported",
            "[\"plain\"]",
            Check::Pkce,
            Outcome::Fail,
            "unsupported",
        ),
        (
            "scopes",
            "scopes_supported",
            "[\"openid\"]",
            Check::Scopes,
            Outcome::Warn,
            "unsupported",
        ),
    ] {
        let mut changed = metadata();
        changed[member] = serde_json::from_str(value).unwrap();
        let (findings, _) = run(vec![json(&changed.to_string()), json(KEYS)], NOW);
        let reason = misbehaved(fault);
        let mut complained = complaints(&findings);
        if check == Check::Issuer {
            let rest = complained.split_off(1);
            assert_eq!(rest.len(), 8);
            assert!(
                rest.iter()
                    .all(|(_, outcome, _)| *outcome == Outcome::Skipped)
            );
        }
        assert_eq!(
            complained,
            [(check, outcome, reason.as_str())],
            "{id}: {value}"
        );
    }
    let mut changed = metadata();
    changed["issuer"] = "https://login.acme.com".into();
    let (findings, _) = run(vec![json(&changed.to_string()), json(KEYS)], NOW);
    assert_eq!(
        findings[1].expected.as_deref(),
        Some("https://acme.okta.com")
    );
    assert_eq!(findings[1].found.as_deref(), Some("https://login.acme.com"));
}

#[test]
fn nothing_is_sent_to_another_host() {
    let mut changed = metadata();
    changed["jwks_uri"] = "https://169.254.169.254/keys".into();
    let (findings, sent) = run(vec![json(&changed.to_string())], NOW);
    assert_eq!(findings[8].outcome, Outcome::Skipped, "BI-068");
    assert_eq!(sent.len(), 1);
}

#[test]
fn keys_must_be_usable() {
    for (body, reason) in [
        ("{}", "missing-member"),
        ("{\"keys\":null}", "mistyped-member"),
        ("{\"keys\":[]}", "no-usable-key"),
        (
            r#"{"keys":[{"kty":"RSA","use":"enc","n":"eHg","e":"AQAB"}]}"#,
            "no-usable-key",
        ),
        (
            r#"{"keys":[{"kty":"EC","crv":"P-256","x":"eHg","y":"eHg"}]}"#,
            "no-usable-key",
        ),
    ] {
        let (findings, _) = run(vec![json(&metadata().to_string()), json(body)], NOW);
        let reason = format!("login/provider-misbehaved/keys/{reason}");
        assert_eq!(
            complaints(&findings),
            [(Check::Keys, Outcome::Fail, reason.as_str())],
            "BI-179"
        );
    }
}

#[test]
fn clocks_are_compared_with_the_tolerance() {
    for (difference, outcome) in [
        (0, Outcome::Pass),
        (60, Outcome::Pass),
        (61, Outcome::Warn),
        (120, Outcome::Warn),
        (121, Outcome::Fail),
    ] {
        for now in [NOW - difference, NOW + difference] {
            let (findings, _) = run(vec![json(&metadata().to_string()), json(KEYS)], now);
            assert_eq!(findings[9].outcome, outcome, "{difference}");
            let found = format!("{difference} seconds");
            assert_eq!(findings[9].found, Some(found));
        }
    }
    for date in [
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "x, 1 Foo 1 1:1:1 GMT",
        "x, 0 Mar 2024 1:1:1 GMT",
        "x, 18446744073709551615 Dec 2024 1:1:1 GMT",
        "x, 1 Dec 18446744073709551615 1:1:1 GMT",
    ] {
        assert_eq!(seconds_of(date), None, "{date}");
    }
    assert_eq!(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(
        seconds_of("Thu, 29 Feb 2024 12:00:00 GMT"),
        Some(1_709_208_000)
    );
}

#[test]
fn every_reason_can_be_explained() {
    let mut changed = metadata();
    changed["issuer"] = "https://login.acme.com".into();
    let (findings, _) = run(vec![json(&changed.to_string())], NOW + 600);
    for reason in findings
        .iter()
        .filter_map(|finding| finding.reason.as_deref())
    {
        assert!(crate::messages::explain(reason, "en").is_some(), "{reason}");
    }
}
