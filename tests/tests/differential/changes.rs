//! What may be changed in a token before it is signed.

use fastrand::Rng;
use okta_sso_conformance::token;
use serde_json::json;

use crate::variation::{ACCESS_TOKEN, Draft, NOW, TOLERANCE};

/// One change.
pub(crate) struct Change {
    /// Its name in `stricter.toml`.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) claim: &'static str,
    pub(crate) make: fn(&mut Draft, &mut Rng),
}

macro_rules! changes {
    ($($claim:literal $name:literal => |$draft:ident, $random:pat_param| $make:expr;)*) => {
        &[$(Change {
            name: $name,
            claim: $claim,
            make: {
                fn make($draft: &mut Draft, $random: &mut Rng) {
                    $make;
                }
                make
            },
        }),*]
    };
}

/// Printable ASCII.
fn ascii(random: &mut Rng, length: std::ops::RangeInclusive<usize>) -> String {
    (0..random.usize(length))
        .map(|_| char::from(random.u8(0x21..=0x7e)))
        .collect()
}

/// One character of `text` replaced by its neighbour.
fn other(text: &str, random: &mut Rng) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = random.usize(..bytes.len());
    bytes[place] ^= 1;
    String::from_utf8(bytes).unwrap()
}

/// Changes that some relying party lets pass.
pub(crate) const MAY_PASS: &[Change] = changes! {
    "iss" "iss-again" => |draft, _| draft.set("iss", draft.text("iss"));
    "sub" "sub-other" => |draft, random| draft.set("sub", ascii(random, 1..=255));
    "sub" "sub-longest" => |draft, random| draft.set("sub", ascii(random, 255..=255));
    "aud" "aud-array" => |draft, _| draft.set("aud", json!([draft.client_id()]));
    "azp" "azp-ours" => |draft, _| draft.set("azp", draft.client_id().to_owned());
    "exp" "exp-near" => |draft, random| draft.set("exp", NOW + random.u64(TOLERANCE + 1..=600));
    "exp" "exp-day" => |draft, random| draft.set("exp", NOW + random.u64(3_600..=86_400));
    "exp" "exp-just-over" => |draft, random| {
        // The last seconds of leeway; issued before it ended.
        draft.set("iat", NOW - 300);
        draft.set("exp", NOW - TOLERANCE + random.u64(1..=3));
    };
    "iat" "iat-before" => |draft, random| draft.set("iat", NOW - random.u64(0..=600));
    "iat" "iat-just-ahead" => |draft, random| draft.set("iat", NOW + TOLERANCE - random.u64(0..=3));
    "nbf" "nbf-before" => |draft, random| draft.set("nbf", NOW - random.u64(0..=100_000));
    "nbf" "nbf-just-ahead" => |draft, random| draft.set("nbf", NOW + TOLERANCE - random.u64(0..=3));
    "nonce" "nonce-again" => |draft, _| draft.set("nonce", draft.text("nonce"));
    "acr" "acr-wanted" => |draft, _| draft.set("acr", "phr");
    "auth_time" "auth-time-recent" => |draft, random| draft.set("auth_time", NOW - random.u64(0..=draft.max_age));
    "auth_time" "auth-time-just-recent" => |draft, _| draft.set("auth_time", NOW - draft.max_age - TOLERANCE);
    "at_hash" "at-hash-absent" => |draft, _| draft.claims.remove("at_hash");
    "alg" "alg-again" => |draft, _| draft.head("alg", draft.header["alg"].clone());
    "kid" "kid-again" => |draft, _| draft.head("kid", draft.header["kid"].clone());
    "typ" "typ-jwt" => |draft, _| draft.head("typ", "JWT");
    "typ" "typ-media-type" => |draft, _| draft.head("typ", "application/jwt");
    "profile" "email-absent" => |draft, _| draft.claims.remove("email");
    "profile" "email-other" => |draft, random| draft.set("email", format!("{}@acme.com", random.u64(..)));
    "profile" "email-verified" => |draft, random| draft.set("email_verified", random.bool());
    "profile" "name-unicode" => |draft, random| {
        draft.set("name", (0..8).map(|_| random.char('\u{a0}'..)).collect::<String>())
    };
    "profile" "amr" => |draft, _| draft.set("amr", json!(["pwd", "mfa"]));
    "profile" "extra" => |draft, random| draft.set("groups", json!([random.u64(..1 << 53), { "a": null }]));
    "profile" "ids" => |draft, _| {
        draft.set("jti", "ID.1");
        draft.set("sid", "sid-1");
        draft.set("idp", "00o1acme")
    };
    "text" "white-space" => |draft, _| draft.rewrite = Some(|text| text.replace(",\"", ",\r\n\t \""));
    "text" "escapes" => |draft, _| draft.rewrite = Some(|text| text.replace("\"sub\"", "\"\\u0073ub\""));
};

/// Changes that a relying party of our kind must not, or need not, let pass.
pub(crate) const MUST_NOT: &[Change] = changes! {
    "iss" "iss-slash" => |draft, _| draft.set("iss", draft.text("iss") + "/");
    "iss" "iss-upper-case" => |draft, _| draft.set("iss", "https://ACME.okta.com");
    "iss" "iss-other" => |draft, random| draft.set("iss", other(&draft.text("iss"), random));
    "iss" "iss-missing" => |draft, _| draft.claims.remove("iss");
    "iss" "iss-array" => |draft, _| draft.set("iss", json!([draft.text("iss")]));
    "sub" "sub-missing" => |draft, _| draft.claims.remove("sub");
    "sub" "sub-number" => |draft, _| draft.set("sub", 7);
    "sub" "sub-empty" => |draft, _| draft.set("sub", "");
    "sub" "sub-too-long" => |draft, random| draft.set("sub", ascii(random, 256..=300));
    "sub" "sub-no-ascii" => |draft, _| draft.set("sub", "00u1änna");
    "sub" "sub-control" => |draft, _| draft.set("sub", "00u1\nanna");
    "aud" "aud-missing" => |draft, _| draft.claims.remove("aud");
    "aud" "aud-other" => |draft, random| draft.set("aud", other(draft.client_id(), random));
    "aud" "aud-others" => |draft, _| draft.set("aud", json!(["0oa2", "0oa3"]));
    "aud" "aud-none" => |draft, _| draft.set("aud", json!([]));
    "aud" "aud-and-other" => |draft, _| draft.set("aud", json!([draft.client_id(), "0oa2"]));
    "aud" "aud-and-other-azp" => |draft, _| {
        draft.set("azp", draft.client_id().to_owned());
        draft.set("aud", json!(["0oa2", draft.client_id()]))
    };
    "aud" "aud-twice" => |draft, _| draft.set("aud", json!([draft.client_id(), draft.client_id()]));
    "aud" "aud-number" => |draft, _| draft.set("aud", 7);
    "aud" "aud-object" => |draft, _| draft.set("aud", json!({ "id": draft.client_id() }));
    "azp" "azp-other" => |draft, random| draft.set("azp", other(draft.client_id(), random));
    "azp" "azp-number" => |draft, _| draft.set("azp", 7);
    "azp" "azp-array" => |draft, _| draft.set("azp", json!([draft.client_id()]));
    "exp" "exp-missing" => |draft, _| draft.claims.remove("exp");
    "exp" "exp-over" => |draft, _| {
        draft.set("iat", NOW - 300);
        draft.set("exp", NOW - TOLERANCE)
    };
    "exp" "exp-long-over" => |draft, random| {
        draft.set("iat", NOW - 500);
        draft.set("exp", NOW - random.u64(TOLERANCE..=400))
    };
    "exp" "exp-far" => |draft, random| draft.set("exp", NOW + random.u64(86_401..=1 << 32));
    "exp" "exp-text" => |draft, _| draft.set("exp", (NOW + 3_600).to_string());
    "exp" "exp-fraction" => |draft, _| draft.set("exp", NOW as f64 + 3_600.5);
    "exp" "exp-negative" => |draft, _| draft.set("exp", -1);
    "exp" "exp-null" => |draft, _| draft.set("exp", json!(null));
    "exp" "exp-before-iat" => |draft, _| {
        draft.set("iat", NOW + 100);
        draft.set("exp", NOW + 50)
    };
    "iat" "iat-missing" => |draft, _| draft.claims.remove("iat");
    "iat" "iat-ahead" => |draft, _| draft.set("iat", NOW + TOLERANCE + 1);
    "iat" "iat-far-ahead" => |draft, random| draft.set("iat", NOW + random.u64(TOLERANCE..=3_000) + 1);
    "iat" "iat-old" => |draft, random| draft.set("iat", NOW - random.u64(721..=80_000));
    "iat" "iat-text" => |draft, _| draft.set("iat", NOW.to_string());
    "iat" "iat-fraction" => |draft, _| draft.set("iat", NOW as f64 - 0.5);
    "iat" "iat-fraction-ahead" => |draft, _| draft.set("iat", (NOW + TOLERANCE) as f64 + 0.5);
    "iat" "iat-negative" => |draft, _| draft.set("iat", -1);
    "nbf" "nbf-ahead" => |draft, random| draft.set("nbf", NOW + TOLERANCE + random.u64(1..=9_000));
    "nbf" "nbf-text" => |draft, _| draft.set("nbf", NOW.to_string());
    "nbf" "nbf-null" => |draft, _| draft.set("nbf", json!(null));
    "nonce" "nonce-missing" => |draft, _| draft.claims.remove("nonce");
    "nonce" "nonce-other" => |draft, random| draft.set("nonce", other(&draft.text("nonce"), random));
    "nonce" "nonce-cut" => |draft, _| draft.set("nonce", &draft.text("nonce")[1..]);
    "nonce" "nonce-longer" => |draft, _| draft.set("nonce", draft.text("nonce") + "\0");
    "nonce" "nonce-empty" => |draft, _| draft.set("nonce", "");
    "nonce" "nonce-upper-case" => |draft, _| draft.set("nonce", draft.text("nonce").to_ascii_uppercase());
    "nonce" "nonce-array" => |draft, _| draft.set("nonce", json!([draft.text("nonce")]));
    "acr" "acr-other" => |draft, _| draft.set("acr", "urn:okta:loa:1fa:any");
    "acr" "acr-missing" => |draft, _| draft.claims.remove("acr");
    "acr" "acr-array" => |draft, _| draft.set("acr", json!(["phr"]));
    "auth_time" "auth-time-missing" => |draft, _| draft.claims.remove("auth_time");
    "auth_time" "auth-time-old" => |draft, random| {
        draft.set("auth_time", NOW - draft.max_age - TOLERANCE - random.u64(1..=90_000))
    };
    "auth_time" "auth-time-zero" => |draft, _| draft.set("auth_time", 0);
    "auth_time" "auth-time-ahead" => |draft, _| draft.set("auth_time", NOW + TOLERANCE + 1);
    "auth_time" "auth-time-text" => |draft, _| draft.set("auth_time", NOW.to_string());
    "at_hash" "at-hash-of-other" => |draft, random| {
        draft.set("at_hash", token::at_hash("RS256", other(ACCESS_TOKEN, random).as_bytes()))
    };
    "at_hash" "at-hash-cut" => |draft, _| draft.set("at_hash", &draft.text("at_hash")[1..]);
    "at_hash" "at-hash-empty" => |draft, _| draft.set("at_hash", "");
    "at_hash" "at-hash-number" => |draft, _| draft.set("at_hash", 7);
    "alg" "alg-none" => |draft, _| draft.head("alg", "none");
    "alg" "alg-hmac" => |draft, _| draft.head("alg", "HS256");
    "alg" "alg-longer" => |draft, _| draft.head("alg", "RS512");
    "alg" "alg-lower-case" => |draft, _| {
        draft.head("alg", draft.header["alg"].as_str().unwrap_or_default().to_lowercase())
    };
    "alg" "alg-swapped" => |draft, _| {
        let swapped = if draft.header["alg"] == "RS256" { "ES256" } else { "RS256" };
        draft.head("alg", swapped)
    };
    "kid" "kid-missing" => |draft, _| draft.header.remove("kid");
    "kid" "kid-unknown" => |draft, _| draft.head("kid", "rsa-9");
    "kid" "kid-of-other" => |draft, _| {
        let swapped = if draft.header["kid"] == "rsa-1" { "ec-1" } else { "rsa-1" };
        draft.head("kid", swapped)
    };
    "kid" "kid-number" => |draft, _| draft.head("kid", 7);
    "typ" "typ-access-token" => |draft, _| draft.head("typ", "at+jwt");
    "typ" "typ-logout" => |draft, _| draft.head("typ", "logout+jwt");
    "typ" "typ-number" => |draft, _| draft.head("typ", 7);
    "typ" "crit" => |draft, _| {
        draft.head("crit", json!(["x"]));
        draft.head("x", 1)
    };
    "typ" "b64" => |draft, _| draft.head("b64", false);
    "typ" "cty" => |draft, _| draft.head("cty", "JWT");
    "typ" "zip" => |draft, _| draft.head("zip", "DEF");
    "profile" "events" => |draft, _| draft.set("events", json!({}));
    "profile" "email-number" => |draft, _| draft.set("email", 7);
    "profile" "email-verified-text" => |draft, _| draft.set("email_verified", "true");
    "text" "duplicate-member" => |draft, _| draft.rewrite = Some(|text| text.replacen('{', "{\"sub\":\"00u2\",", 1));
    "text" "text-after" => |draft, _| draft.rewrite = Some(|text| text + "{}");
    "text" "byte-order-mark" => |draft, _| draft.rewrite = Some(|text| format!("\u{feff}{text}"));
    "text" "too-deep" => |draft, _| draft.rewrite = Some(|text| {
        text.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(40), "]".repeat(40)), 1)
    });
    "text" "array" => |draft, _| draft.rewrite = Some(|text| format!("[{text}]"));
};
