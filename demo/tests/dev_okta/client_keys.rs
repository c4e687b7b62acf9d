//! *Public key / Private key*: an application that proves itself by assertions.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use okta_sso_host::ClientKey;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::org::{CLIENT_ID, NOW, Org, SECRET};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn signed(key: &ClientKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn header(key: &ClientKey) -> Value {
    json!({ "alg": "ES256", "kid": key.id() })
}

/// Good ones, but for `changes`.
fn claims(org: &Org, changes: &Value) -> Value {
    let mut claims = json!({
        "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": format!("{}/oauth2/v1/token", org.issuer),
        "iat": NOW, "exp": NOW + 300,
    });
    let changes = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

/// What comes of a code with this assertion in the place of the secret: the status, and why not.
async fn redeem(org: &Org, assertion: &str, more: &[(&str, &str)]) -> (StatusCode, String) {
    let by_key = [
        ("client_id", ""),
        ("client_secret", ""),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    let kept = by_key
        .into_iter()
        .filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let changes: Vec<_> = kept.chain(more.iter().copied()).collect();
    let answer = org.redeem(&org.code(&[]).await, &changes).await;
    let body = answer.json();
    let why = body
        .get("error_description")
        .and_then(Value::as_str)
        .map(str::to_owned);
    (answer.status, why.unwrap_or_default())
}

/// An organisation whose application has this key alone.
async fn with(key: &ClientKey) -> Org {
    let org = Org::open().await;
    choose(
        &org,
        &[("method", "key"), ("key", &key.public_jwk().to_string())],
    )
    .await;
    org
}

async fn choose(org: &Org, form: &[(&str, &str)]) {
    let page = format!("/admin/app/{CLIENT_ID}/client-authentication");
    assert_eq!(org.post(&page, form).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let key = ClientKey::generate().unwrap();
    let org = with(&key).await;
    let assertion = signed(
        &key,
        &header(&key),
        &claims(&org, &json!({ "jti": "once" })),
    );
    let (ok, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
    assert_eq!(redeem(&org, &assertion, &[]).await.0, ok);
    let used = "The client_assertion token has already been used.".to_owned();
    assert_eq!(redeem(&org, &assertion, &[]).await, (refused, used));
    // An hour ahead is the most, and the second of its end the first that is too late.
    let until = |exp: u64| signed(&key, &header(&key), &claims(&org, &json!({ "exp": exp })));
    assert_eq!(redeem(&org, &until(NOW + 3600), &[]).await.0, ok);
    assert_eq!(redeem(&org, &until(NOW + 1), &[]).await.0, ok);
    // A key that is alone need not be named.
    let unnamed = signed(&key, &json!({ "alg": "ES256" }), &claims(&org, &json!({})));
    assert_eq!(redeem(&org, &unnamed, &[]).await.0, ok);
}

#[tokio::test]
async fn each_fault_of_an_assertion_has_oktas_words() {
    let key = ClientKey::generate().unwrap();
    let other = ClientKey::generate().unwrap();
    let org = with(&key).await;
    let failed =
        "Client authentication failed. Either the client or the client credentials are invalid.";
    let audience =
        "The audience claim for client_assertion must be the endpoint invoked for the request.";
    let par = format!("{}/oauth2/v1/par", org.issuer);
    for (assertion, more, why) in [
        (
            signed(&key, &header(&key), &claims(&org, &json!({ "exp": NOW }))),
            None,
            "The client_assertion token is expired.",
        ),
        (
            signed(
                &key,
                &header(&key),
                &claims(&org, &json!({ "exp": NOW + 3601 })),
            ),
            None,
            "The client_assertion token has an expiration too far into the future.",
        ),
        (
            signed(
                &key,
                &header(&key),
                &claims(&org, &json!({ "aud": org.issuer })),
            ),
            None,
            audience,
        ),
        (
            signed(&key, &header(&key), &claims(&org, &json!({ "aud": par }))),
            None,
            audience,
        ),
        (
            signed(&key, &header(&other), &claims(&org, &json!({}))),
            None,
            "The client_assertion JWT kid is invalid.",
        ),
        (
            signed(&other, &header(&key), &claims(&org, &json!({}))),
            None,
            "The client_assertion signature is invalid.",
        ),
        (
            signed(
                &key,
                &json!({ "alg": "none", "kid": key.id() }),
                &claims(&org, &json!({})),
            ),
            None,
            failed,
        ),
        (
            signed(
                &key,
                &header(&key),
                &claims(&org, &json!({ "sub": "0oa2other" })),
            ),
            None,
            failed,
        ),
        // The other application has a secret.
        (
            signed(
                &key,
                &header(&key),
                &claims(&org, &json!({ "iss": "0oa2other", "sub": "0oa2other" })),
            ),
            None,
            failed,
        ),
        ("no assertion".to_owned(), None, failed),
        (
            signed(&key, &header(&key), &claims(&org, &json!({}))),
            Some(("client_id", "0oa2other")),
            failed,
        ),
        (
            signed(&key, &header(&key), &claims(&org, &json!({}))),
            Some(("client_assertion_type", "jwt")),
            "The client_assertion_type is invalid.",
        ),
        (
            signed(&key, &header(&key), &claims(&org, &json!({}))),
            Some(("client_secret", SECRET)),
            "Cannot supply multiple client credentials. Use one of the following: credentials in the \
             Authorization header, credentials in the post body, or a client_assertion in the post \
             body.",
        ),
    ] {
        let more: Vec<_> = more.into_iter().collect();
        let answered = redeem(&org, &assertion, &more).await;
        assert_eq!(
            answered,
            (StatusCode::UNAUTHORIZED, why.to_owned()),
            "{assertion}"
        );
    }
    // One method at a time.
    let answer = org.redeem(&org.code(&[]).await, &[]).await;
    assert_eq!(answer.json()["error_description"], failed);
    choose(&org, &[("method", "secret")]).await;
    let answer = org.redeem(&org.code(&[]).await, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// Another key joins those that are saved; then an assertion has to say which it is made by.
#[tokio::test]
async fn two_keys_are_good_at_once() {
    let (old, new) = (
        ClientKey::generate().unwrap(),
        ClientKey::generate().unwrap(),
    );
    let org = with(&old).await;
    choose(
        &org,
        &[("method", "key"), ("key", &new.public_jwk().to_string())],
    )
    .await;
    for key in [&old, &new] {
        let assertion = signed(key, &header(key), &claims(&org, &json!({})));
        assert_eq!(redeem(&org, &assertion, &[]).await.0, StatusCode::OK);
        let unnamed = signed(key, &json!({ "alg": "ES256" }), &claims(&org, &json!({})));
        let why = "The client_assertion JWT kid is invalid.".to_owned();
        assert_eq!(
            redeem(&org, &unnamed, &[]).await,
            (StatusCode::UNAUTHORIZED, why)
        );
    }
}

/// What is neither an address nor a key is not kept.
#[tokio::test]
async fn the_console_keeps_addresses_and_keys_alone() {
    let org = Org::open().await;
    let private = json!({ "kty": "EC", "d": "secret" }).to_string();
    for form in [
        &[("method", "url"), ("url", "no address")][..],
        &[("method", "url"), ("url", "file:///etc/passwd")],
        &[("method", "key"), ("key", "no key")],
        &[("method", "key"), ("key", "{}")],
        &[("method", "key"), ("key", &private)],
        &[("method", "none")],
    ] {
        choose(&org, form).await;
        let answer = org.redeem(&org.code(&[]).await, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{form:?}");
    }
    // Keys that cannot be fetched prove nobody.
    let key = ClientKey::generate().unwrap();
    choose(
        &org,
        &[
            ("method", "url"),
            ("url", &format!("{}/nothing", org.issuer)),
        ],
    )
    .await;
    let assertion = signed(&key, &header(&key), &claims(&org, &json!({})));
    assert_eq!(
        redeem(&org, &assertion, &[]).await.0,
        StatusCode::UNAUTHORIZED
    );
    let page = org
        .get(&format!("/admin/app/{CLIENT_ID}/sign-on"))
        .await
        .body;
    assert!(page.contains("Public key / Private key"), "{page}");
}
