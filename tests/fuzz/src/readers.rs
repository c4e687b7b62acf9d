//! The readers of text that strangers write, and what must hold of whatever they accept.

use okta_sso_host::axum::return_to as checked_return_to;
use okta_sso_plugin::contract::exports::sso::provider::claims::EmailMatch;
use okta_sso_plugin::contract::exports::sso::provider::config::Settings;
use okta_sso_plugin::contract::sso::provider::types::{Algorithm, EmailRule};
use okta_sso_plugin::describe::default_policy;
use okta_sso_plugin::json::{Json, Object};
use okta_sso_plugin::jwks::KeySet;
use okta_sso_plugin::jws::{Header, Kind};
use okta_sso_plugin::{base64url, config, connection, transaction};
use serde_json::Value;
use url::Url;

/// The strict JSON reader: what it accepts, another reader accepts too and reads as the same.
pub fn json(input: &[u8]) {
    let Ok(document) = Object::parse(input) else {
        return;
    };
    let theirs: serde_json::Map<String, Value> =
        serde_json::from_slice(input).expect("accepted what serde_json refuses");
    for (name, value) in &theirs {
        let ours = document.get(name).expect("a member is missing");
        assert!(is_same(ours, value), "{name} is read as something else");
    }
}

fn is_same(ours: &Json<'_>, theirs: &Value) -> bool {
    match theirs {
        Value::String(text) => ours.as_str() == Some(text),
        Value::Bool(value) => ours.as_bool() == Some(*value),
        Value::Array(items) => ours.as_array().is_some_and(|ours| {
            ours.len() == items.len()
                && ours
                    .iter()
                    .zip(items)
                    .all(|(ours, theirs)| is_same(ours, theirs))
        }),
        Value::Object(members) => ours.as_object().is_some_and(|ours| {
            members
                .iter()
                .all(|(name, theirs)| ours.get(name).is_some_and(|ours| is_same(ours, theirs)))
        }),
        Value::Null => matches!(ours, Json::Null),
        Value::Number(_) => matches!(ours, Json::Number(_)),
    }
}

/// Compact JWS: what is accepted is spelled in the one way that there is.
pub fn jws(input: &[u8]) {
    let Ok(token) = std::str::from_utf8(input) else {
        return;
    };
    let allowed = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Eddsa];
    for kind in [Kind::IdToken, Kind::LogoutToken, Kind::Revocation] {
        let Ok(jws) = okta_sso_plugin::jws::parse(token, kind, &allowed) else {
            continue;
        };
        assert!(allowed.contains(&jws.header.algorithm));
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(base64url::encode(&jws.payload), parts[1]);
        assert_eq!(base64url::encode(&jws.signature), parts[2]);
        assert_eq!(jws.signing_input.len(), parts[0].len() + 1 + parts[1].len());
    }
}

/// Key sets: the record in the cache holds what was read, and a choice is of a key that the header names.
pub fn keys(input: &[u8]) {
    let Ok(keys) = KeySet::parse(input) else {
        // A record of the cache is no stranger's text, but may be cut.
        drop(KeySet::from_record(input));
        return;
    };
    assert_eq!(KeySet::from_record(&keys.to_record()).as_ref(), Some(&keys));
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Eddsa,
    ] {
        for key_id in [None, Some("rsa-1"), Some("")] {
            let header = Header {
                algorithm,
                key_id: key_id.map(str::to_owned),
            };
            let Ok(key) = keys.choose(&header) else {
                continue;
            };
            assert!(keys.serves(&[algorithm]));
            let jwk: Value = serde_json::from_str(&key.jwk).expect("a chosen key that is no JSON");
            assert!(jwk["d"].is_null() && jwk["k"].is_null(), "a private member");
        }
    }
}

/// The callback's query: what is accepted names one login, and a second reading finds nothing else.
pub fn callback(input: &[u8]) {
    let Ok(query) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(callback) = okta_sso_plugin::callback::parse(query) else {
        return;
    };
    assert!(base64url::is_32_bytes(&callback.state));
    assert_eq!(transaction::handle(&callback.state).len(), 22);
    assert!(callback.code.is_some() || callback.error.is_some());
    let pairs: Vec<_> = url::form_urlencoded::parse(input).collect();
    for (name, ours) in [
        ("state", Some(&callback.state)),
        ("code", callback.code.as_ref()),
        ("iss", callback.issuer.as_ref()),
        ("error", callback.error.as_ref()),
    ] {
        let theirs: Vec<_> = pairs.iter().filter(|(other, _)| other == name).collect();
        assert_eq!(
            theirs
                .iter()
                .map(|(_, value)| value.as_ref())
                .collect::<Vec<_>>(),
            ours.iter().map(|value| value.as_ref()).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

/// An issuer as people paste it: what becomes of it is plain, is left alone when it is checked again, and names the
/// host that a browser would go to.
pub fn issuer(input: &[u8]) {
    let settings = |issuer: &str| Settings {
        connection_id: "acme".to_owned(),
        client_id: "0oa1acme2client3id4567".to_owned(),
        client_secret: Some("secret-0123456789-abcdefghij-ABCDEFGHIJ".to_owned()),
        issuer: issuer.to_owned(),
        redirect_uri: "https://app.ledgerline.example/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.com".to_owned()],
        policy: default_policy(),
    };
    let given = String::from_utf8_lossy(input);
    let Ok(checked) = config::check(&settings(&given)) else {
        return;
    };
    let found = checked.connection;
    assert!(connection::is_valid(&found));
    assert!(found.issuer.starts_with("https://") && found.issuer.is_ascii());
    assert!(!found.issuer.ends_with('/') && !found.issuer.contains(['?', '#', '@', '\\']));
    let url = Url::parse(&found.issuer).expect("an issuer that is no URL");
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    assert_eq!(found.hosts, [authority]);
    let again = config::check(&settings(&found.issuer)).expect("its own issuer is refused");
    assert_eq!(again.connection, found);
    assert!(again.corrections.is_empty());
}

/// E-mail addresses, two in one input: equality is what it says, in both directions.
pub fn email(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (left, right) = text.split_once('\n').unwrap_or((&text, &text));
    for rule in [EmailRule::Exact, EmailRule::AsciiCaseInsensitive] {
        let found = okta_sso_plugin::email::compare(rule, left, right);
        let back = okta_sso_plugin::email::compare(rule, right, left);
        assert_eq!(found, back);
        if found == EmailMatch::Equal {
            assert!(left.eq_ignore_ascii_case(right) && left.is_ascii());
            assert_eq!(left.matches('@').count(), 1);
            assert!(rule != EmailRule::Exact || left == right);
        }
    }
    if okta_sso_plugin::email::is_well_formed(left) {
        let domain = left.split_once('@').map_or("", |(_, domain)| domain);
        assert!(left.bytes().all(|byte| byte.is_ascii_graphic()) && left.len() <= 254);
        assert!(okta_sso_plugin::email::is_on_domain(
            left,
            &[domain.to_owned()]
        ));
        assert!(!okta_sso_plugin::email::is_on_domain(
            left,
            &[format!("x{domain}")]
        ));
    }
}

/// Where to go after signing in: wherever that is, a browser stays on the platform's own origin.
pub fn return_to(input: &[u8]) {
    let asked = String::from_utf8_lossy(input);
    let target = checked_return_to(&asked, &["/logout", "/sso"]);
    assert!(target == "/" || target == asked);
    let origin = Url::parse("https://app.ledgerline.example/start").expect("a URL");
    let reached = origin.join(target).expect("a target that browsers refuse");
    assert_eq!(reached.origin(), origin.origin());
    assert!(!reached.path().to_ascii_lowercase().starts_with("/logout/"));
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
}
