//! What the fuzzers start from: the texts that the cases give to each reader.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_conformance::flat::{FlatCase, TraceCase};
use okta_sso_conformance::kit;
use okta_sso_fuzz::SEPARATOR;
use serde_json::Value;

/// Longer texts are of cases about length alone.
const LONGEST: usize = 16 * 1024;

/// Paths beside those of the cases, which leave them to the host.
const RETURN_TO: [&str; 8] = [
    "/reports?year=2026#top",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "/a/../logout",
    "/%2e%2e/logout",
    "/logout;x",
    "/sso/okta/start?return_to=/",
];

/// Texts by the name of the target that reads them.
pub(crate) type Seeds = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

/// The texts of all cases.
pub(crate) fn of_cases() -> Result<Seeds> {
    let mut seeds = Seeds::new();
    for case in kit::cases("")? {
        if let FlatCase::Trace(case) = case {
            of_case(&case, &mut seeds);
        }
    }
    for path in RETURN_TO {
        add(&mut seeds, "return-to", path);
    }
    Ok(seeds)
}

fn add(seeds: &mut Seeds, target: &'static str, text: impl Into<Vec<u8>>) {
    let text = text.into();
    if text.len() <= LONGEST {
        seeds.entry(target).or_default().insert(text);
    }
}

fn of_case(case: &TraceCase, seeds: &mut Seeds) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let argument = |index: usize| case.arguments.get(index).unwrap_or(&Value::Null);
    match case.call.as_str() {
        "config.check" => add(seeds, "issuer", text(&argument(0)["issuer"])),
        "claims.compare-email" => {
            add(
                seeds,
                "email",
                [text(argument(1)), text(argument(2))].join("\n"),
            );
        }
        "claims.validate" => {
            add(seeds, "json", text(argument(1)));
            add(seeds, "json", text(argument(2)));
        }
        "login.locate" => add(seeds, "callback", text(argument(0))),
        "login.begin" => add(seeds, "return-to", text(&argument(1)["return-to"])),
        "logout.receive-logout-token" => add(seeds, "jws", text(argument(1))),
        "logout.receive-revocation" => {
            add(seeds, "json", text(&argument(1)["body"]));
            let bearer = text(&argument(1)["authorization"]);
            add(
                seeds,
                "jws",
                bearer.trim_start_matches("Bearer ").to_owned(),
            );
        }
        "login.complete" | "login.rehearse" => {
            add(seeds, "callback", text(&argument(1)["query"]));
            add(seeds, "complete", login(case));
        }
        _ => {}
    }
    for exchange in case
        .trace
        .iter()
        .filter(|exchange| exchange.import == "http.send")
    {
        let body = body(&exchange.result);
        if exchange.arguments[0]["endpoint"] == "keys" {
            add(seeds, "keys", body.clone());
        }
        if let Some((id_token, [header, claims])) = token(&body) {
            let parsed: Value = serde_json::from_slice(&claims).unwrap_or_default();
            add(seeds, "email", text(&parsed["email"]));
            add(seeds, "jws", id_token);
            add(seeds, "json", header);
            add(seeds, "json", claims);
        }
        add(seeds, "json", body);
    }
}

fn body(answer: &Value) -> Vec<u8> {
    let text = answer["ok"]["body"].as_str().unwrap_or_default();
    STANDARD.decode(text).unwrap_or_default()
}

/// The ID token of a token endpoint's answer, and the two texts inside it.
fn token(body: &[u8]) -> Option<(String, [Vec<u8>; 2])> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let id_token = answer["id_token"].as_str()?;
    let mut parts = id_token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part));
    let inside = [parts.next()?.ok()?, parts.next()?.ok()?];
    Some((id_token.to_owned(), inside))
}

/// A login in the form of the target `complete`: what belongs to the case's own login is left open.
fn login(case: &TraceCase) -> Vec<u8> {
    let answered = |endpoint: &str| {
        let mut exchanges = case.trace.iter().filter(|exchange| {
            exchange.import == "http.send" && exchange.arguments[0]["endpoint"] == endpoint
        });
        exchanges.next_back().map(|exchange| body(&exchange.result))
    };
    let query = case.arguments[1]["query"].as_str().unwrap_or_default();
    let taken = case
        .trace
        .iter()
        .find_map(|exchange| exchange.result["ok"]["found"].as_str());
    let transaction = STANDARD
        .decode(taken.unwrap_or_default())
        .unwrap_or_default();
    let mut texts = vec![opened(query, "state=", "{state}").into_bytes()];
    let Some(answer) = answered("token") else {
        return texts.remove(0);
    };
    let (id_token, [header, claims]) = token(&answer).unwrap_or_default();
    let claims = String::from_utf8_lossy(&claims).into_owned();
    let nonce: Value = serde_json::from_str(&claims).unwrap_or_default();
    let nonce = nonce["nonce"].as_str().unwrap_or_default().to_owned();
    // Only the right one: a wrong nonce is what some cases are about.
    let right = !nonce.is_empty()
        && transaction
            .windows(nonce.len())
            .any(|window| window == nonce.as_bytes());
    texts.push(header);
    texts.push(if right {
        claims.replace(&nonce, "{nonce}").into_bytes()
    } else {
        claims.into_bytes()
    });
    let answer = String::from_utf8_lossy(&answer).into_owned();
    texts.push(match id_token.as_str() {
        "" => answer.into_bytes(),
        token => answer.replace(token, "{id-token}").into_bytes(),
    });
    for endpoint in ["keys", "metadata", "user-info"] {
        let Some(text) = answered(endpoint) else {
            break;
        };
        texts.push(text);
    }
    texts.join(&SEPARATOR)
}

/// `query` with the value after `name` replaced.
fn opened(query: &str, name: &str, hole: &str) -> String {
    let Some((before, rest)) = query.split_once(name) else {
        return query.to_owned();
    };
    let end = rest.find('&').unwrap_or(rest.len());
    // One of another length is what some cases are about.
    if end == 43 {
        [before, name, hole, &rest[end..]].concat()
    } else {
        query.to_owned()
    }
}
