//! A token with everything that decides about it.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_conformance::case::{Attempt, Case, CaseFile};
use okta_sso_conformance::{key, run};
use okta_sso_host::record::{Exchange, Recording};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

/// Nothing, or why a token is refused: ours by the contract's name.
pub(crate) type Verdict = Result<(), String>;

/// A token, and what a relying party knows when it comes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Trial {
    pub(crate) id_token: String,
    pub(crate) access_token: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The provider's JSON Web Key Set.
    pub(crate) keys: String,
    pub(crate) algorithms: Vec<String>,
    pub(crate) now: u64,
    pub(crate) tolerance: u64,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr_values: Vec<String>,
}

/// The token of a case, and what the component made of it.
pub(crate) struct CaseTrial {
    pub(crate) id: String,
    pub(crate) trial: Trial,
    pub(crate) ours: Verdict,
}

/// Every case in which the component judged an ID token.
pub(crate) async fn of_cases() -> Result<Vec<CaseTrial>> {
    let plugin = run::plugin()?;
    let mut trials = Vec::new();
    for file in CaseFile::names()? {
        for case in CaseFile::read(&file)? {
            let last = case.attempts.last().context("no attempt")?;
            if !["login.complete", "claims.validate"].contains(&last.call.as_str()) {
                continue;
            }
            let calls = run::recorded(&plugin, &case).await?;
            trials.extend(of_case(&case, last, &calls));
        }
    }
    Ok(trials)
}

/// None where it did not come to a verdict.
fn of_case(case: &Case, attempt: &Attempt, calls: &[Recording]) -> Option<CaseTrial> {
    let last = calls.last()?;
    let ours = verdict(&last.outcome)?;
    let connection = last.arguments.first()?;
    let policy = &connection["policy"];
    let (id_token, access_token, nonce, keys) = if last.call == "claims.validate" {
        of_claims(last)?
    } else {
        let tokens = bodies(&last.trace, "token").pop()?;
        let text = |name: &str| tokens[name].as_str().map(str::to_owned);
        // A set without keys replaces none: those of before stand in.
        let fetched = calls.iter().flat_map(|call| bodies(&call.trace, "keys"));
        let mut fetched = fetched.filter(|set| set["keys"] != json!([]));
        let begun = calls.iter().rfind(|call| call.call == "login.begin")?;
        let keys = fetched.next_back()?.to_string();
        (text("id_token")?, text("access_token"), nonce(begun), keys)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trial = Trial {
        id_token,
        access_token,
        nonce,
        keys,
        issuer: text(&connection["issuer"]),
        client_id: text(&connection["client-id"]),
        algorithms: policy["algorithms"]
            .as_array()?
            .iter()
            .map(|name| algorithm(&text(name)))
            .collect(),
        now: if last.call == "claims.validate" {
            last.arguments.last()?["now"].as_u64()?
        } else {
            attempt.clock
        },
        tolerance: policy["clock-tolerance"].as_u64()?,
        max_age: policy["max-age"].as_u64(),
        acr_values: policy["acr-values"].as_array()?.iter().map(text).collect(),
    };
    let id = case.about.id.clone();
    Some(CaseTrial { id, trial, ours })
}

/// What the outcome says about the ID token; none where it was not come to, or the keys were not to be had.
fn verdict(outcome: &Value) -> Option<Verdict> {
    let Some(error) = outcome.get("error") else {
        return Some(Ok(()));
    };
    let rejection = error.get("token-rejected").unwrap_or(error);
    if let Some(problem) = rejection["problem"].as_str() {
        return Some(Err(problem.to_owned()));
    }
    // UserInfo is asked when the token is believed; what is wrong with an e-mail is not the token's fault.
    let endpoint = json!("user-info");
    [
        &error["provider-misbehaved"]["endpoint"],
        &error["provider-unavailable"],
    ]
    .contains(&&endpoint)
    .then_some(Ok(()))
}

fn asks(exchange: &Exchange, endpoint: &str) -> bool {
    exchange.import == "http.send" && exchange.arguments[0]["endpoint"] == endpoint
}

/// The documents that came from an endpoint.
fn bodies(trace: &[Exchange], endpoint: &str) -> Vec<Value> {
    trace
        .iter()
        .filter(|exchange| asks(exchange, endpoint))
        .filter_map(|exchange| {
            let body = STANDARD
                .decode(exchange.result["ok"]["body"].as_str()?)
                .ok()?;
            serde_json::from_slice(&body).ok()
        })
        .collect()
}

/// The nonce that a login went out with.
fn nonce(begun: &Recording) -> Option<String> {
    let url = Url::parse(begun.outcome["ok"]["url"].as_str()?).ok()?;
    let pushed = begun
        .trace
        .iter()
        .find(|exchange| asks(exchange, "pushed-authorization"))
        .and_then(|exchange| {
            STANDARD
                .decode(exchange.arguments[0]["body"].as_str()?)
                .ok()
        });
    let pushed = pushed.unwrap_or_default();
    let mut pairs = url
        .query_pairs()
        .chain(url::form_urlencoded::parse(&pushed));
    pairs
        .find(|(name, _)| name == "nonce")
        .map(|(_, nonce)| nonce.into_owned())
}

/// `claims.validate` takes the two texts of a token; here they are signed.
fn of_claims(call: &Recording) -> Option<(String, Option<String>, Option<String>, String)> {
    let [_, header, payload, expectations] = call.arguments.as_slice() else {
        return None;
    };
    let input = [header, payload]
        .map(|part| URL_SAFE_NO_PAD.encode(part.as_str().unwrap_or_default()))
        .join(".");
    let signature = key::sign("rsa-1", "RS256", input.as_bytes(), false).ok()?;
    let text = |name: &str| expectations[name].as_str().map(str::to_owned);
    Some((
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)),
        text("access-token"),
        text("nonce"),
        json!({ "keys": [key::jwk("rsa-1").ok()?] }).to_string(),
    ))
}

/// The name that headers have for the contract's one.
fn algorithm(name: &str) -> String {
    match name {
        "eddsa" => "EdDSA".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}
