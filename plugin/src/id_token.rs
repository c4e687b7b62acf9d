//! The claims of an ID token (OpenID Connect Core 1.0 sections 2 and 3.1.3.7), after its signature.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::base64url;
use crate::contract::exports::sso::provider::login::{TokenProblem, TokenRejection};
use crate::contract::sso::provider::types::{Algorithm, Connection};
use crate::error::compared;
use crate::json::{Json, Object, Rounding};

/// A token for a login that has just begun is no older than this, in seconds: a transaction's own lifetime.
pub const MAX_AGE: u64 = 600;
/// No token is valid for longer, in seconds.
pub const MAX_LIFETIME: u64 = 86_400;

/// What the claims are held against besides the connection.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Absent: the token must carry none.
    pub nonce: Option<&'a str>,
    /// For `at_hash`; absent: not compared.
    pub access_token: Option<&'a str>,
    /// By the host's clock.
    pub now: u64,
}

/// Judges the claims of a token whose signature holds. The steps carry the numbers of section 3.1.3.7; 1, 6, 7 and 8
/// are done by then.
///
/// Not checked: `jti`, and the e-mail, which has rules of its own.
pub fn validate_claims(
    connection: &Connection,
    algorithm: Algorithm,
    claims: &Object<'_>,
    expected: &Expected<'_>,
) -> Result<(), TokenRejection> {
    // A logout token of the same issuer and audience is no sign-in (RFC 8725 section 3.12).
    if claims.contains("events") {
        return Err(TokenProblem::WrongType.into());
    }
    check_issuer(connection, claims)?; // 2
    check_audience(connection, claims)?; // 3, 4, 5
    check_times(connection, claims, expected.now)?; // 9, 10
    check_nonce(claims, expected.nonce)?; // 11
    check_context(connection, claims)?; // 12
    check_authentication(connection, claims, expected.now)?; // 13
    check_access_token_hash(algorithm, claims, expected.access_token)?;
    check_subject(claims)
}

/// Step 2: byte for byte.
pub fn check_issuer(connection: &Connection, claims: &Object<'_>) -> Result<(), TokenRejection> {
    let issuer = claims.string("iss")?;
    if issuer == connection.issuer {
        Ok(())
    } else {
        Err(compared(
            TokenProblem::IssuerMismatch,
            &connection.issuer,
            issuer,
        ))
    }
}

/// Steps 3 to 5: we are the only audience, and the authorized party where one is named.
pub fn check_audience(connection: &Connection, claims: &Object<'_>) -> Result<(), TokenRejection> {
    let client = connection.client_id.as_str();
    let audience = match claims.get("aud") {
        None => return Err(crate::json::MemberError::Missing("aud").into()),
        Some(Json::String(one)) => one.as_ref(),
        Some(Json::Array(several)) => match several.as_slice() {
            [Json::String(one)] => one.as_ref(),
            [] | [Json::String(_), ..] => {
                let names: Vec<_> = several.iter().filter_map(Json::as_str).collect();
                return Err(compared(
                    TokenProblem::AudienceMismatch,
                    client,
                    &names.join(" "),
                ));
            }
            _ => return Err(crate::json::MemberError::Mistyped("aud").into()),
        },
        Some(_) => return Err(crate::json::MemberError::Mistyped("aud").into()),
    };
    if audience != client {
        return Err(compared(TokenProblem::AudienceMismatch, client, audience));
    }
    match claims.optional_string("azp")? {
        Some(party) if party != client => Err(compared(
            TokenProblem::AuthorizedPartyMismatch,
            client,
            party,
        )),
        _ => Ok(()),
    }
}

/// Steps 9 and 10, and `nbf`: within the connection's tolerance, issued just now, and not for years.
pub fn check_times(
    connection: &Connection,
    claims: &Object<'_>,
    now: u64,
) -> Result<(), TokenRejection> {
    let tolerance = u64::from(connection.policy.clock_tolerance);
    let expires = claims.date("exp", Rounding::Down)?;
    let issued = claims.date("iat", Rounding::Up)?;
    let not_before = claims.optional_date("nbf", Rounding::Up)?;
    if now >= expires.saturating_add(tolerance) {
        return Err(late(
            TokenProblem::Expired,
            tolerance,
            now.saturating_sub(expires),
        ));
    }
    if let Some(not_before) = not_before
        && not_before > now.saturating_add(tolerance)
    {
        return Err(early(
            TokenProblem::NotYetValid,
            tolerance,
            not_before.saturating_sub(now),
        ));
    }
    if issued > now.saturating_add(tolerance) {
        return Err(early(
            TokenProblem::IssuedAtUnacceptable,
            tolerance,
            issued.saturating_sub(now),
        ));
    }
    if issued.saturating_add(MAX_AGE).saturating_add(tolerance) <= now {
        let bound = MAX_AGE.saturating_add(tolerance);
        return Err(late(
            TokenProblem::IssuedAtUnacceptable,
            bound,
            now.saturating_sub(issued),
        ));
    }
    let lifetime = expires.saturating_sub(issued);
    if !(1..=MAX_LIFETIME).contains(&lifetime) {
        return Err(compared(
            TokenProblem::LifetimeUnacceptable,
            &format!("1 to {MAX_LIFETIME} seconds"),
            &format!("{lifetime} seconds"),
        ));
    }
    Ok(())
}

fn late(problem: TokenProblem, bound: u64, by: u64) -> TokenRejection {
    compared(
        problem,
        &format!("less than {bound} seconds ago by this host's clock"),
        &format!("{by} seconds ago"),
    )
}

fn early(problem: TokenProblem, bound: u64, by: u64) -> TokenRejection {
    compared(
        problem,
        &format!("at most {bound} seconds ahead of this host's clock"),
        &format!("{by} seconds ahead"),
    )
}

/// Step 11, in constant time. The values are shown to no one: the expected one is a secret of this login.
fn check_nonce(claims: &Object<'_>, expected: Option<&str>) -> Result<(), TokenRejection> {
    match (expected, claims.optional_string("nonce")?) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(TokenProblem::NoncePresent.into()),
        (Some(_), None) => Err(TokenProblem::NonceMissing.into()),
        (Some(expected), Some(nonce)) if equal_in_constant_time(expected, nonce) => Ok(()),
        (Some(_), Some(_)) => Err(TokenProblem::NonceMismatch.into()),
    }
}

/// Whether two texts are equal, in a time that depends on their lengths alone.
fn equal_in_constant_time(one: &str, other: &str) -> bool {
    let difference = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    // Keeps the compiler from leaving the loop at the first difference.
    one.len() == other.len() && std::hint::black_box(difference) == 0
}

/// Step 12: one of the context classes that were asked for.
fn check_context(connection: &Connection, claims: &Object<'_>) -> Result<(), TokenRejection> {
    let wanted = &connection.policy.acr_values;
    let reached = claims.optional_string("acr")?;
    if wanted.is_empty() || reached.is_some_and(|acr| wanted.iter().any(|one| one == acr)) {
        return Ok(());
    }
    Err(compared(
        TokenProblem::AcrUnmet,
        &wanted.join(" "),
        reached.unwrap_or("none"),
    ))
}

/// Step 13: when `max_age` was asked for, the person authenticated within it.
fn check_authentication(
    connection: &Connection,
    claims: &Object<'_>,
    now: u64,
) -> Result<(), TokenRejection> {
    let Some(max_age) = connection.policy.max_age else {
        return Ok(());
    };
    let tolerance = u64::from(connection.policy.clock_tolerance);
    let Some(at) = claims.optional_date("auth_time", Rounding::Down)? else {
        return Err(TokenProblem::AuthTimeMissing.into());
    };
    if at > now.saturating_add(tolerance) {
        return Err(early(
            TokenProblem::NotYetValid,
            tolerance,
            at.saturating_sub(now),
        ));
    }
    let bound = u64::from(max_age).saturating_add(tolerance);
    if now > at.saturating_add(bound) {
        return Err(late(
            TokenProblem::AuthenticationTooOld,
            bound,
            now.saturating_sub(at),
        ));
    }
    Ok(())
}

/// Section 3.1.3.8: the left half of the access token's hash, where the claim is there.
fn check_access_token_hash(
    algorithm: Algorithm,
    claims: &Object<'_>,
    access_token: Option<&str>,
) -> Result<(), TokenRejection> {
    let Some(given) = claims.optional_string("at_hash")? else {
        return Ok(());
    };
    let Some(token) = access_token.map(str::as_bytes) else {
        return Ok(());
    };
    let digest = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => Sha256::digest(token).to_vec(),
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => Sha384::digest(token).to_vec(),
        // Ed25519 hashes with SHA-512 (RFC 8032 section 5.1).
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Eddsa => Sha512::digest(token).to_vec(),
    };
    let half = digest.get(..digest.len() / 2).unwrap_or_default();
    if equal_in_constant_time(&base64url::encode(half), given) {
        Ok(())
    } else {
        Err(TokenProblem::AccessTokenHashMismatch.into())
    }
}

/// Section 2: 1 to 255 ASCII characters. Control characters would only confuse whoever shows it.
pub fn check_subject(claims: &Object<'_>) -> Result<(), TokenRejection> {
    if is_subject(claims.string("sub")?) {
        Ok(())
    } else {
        Err(TokenProblem::SubjectInvalid.into())
    }
}

/// Whether `subject` is 1 to 255 printable ASCII characters.
#[must_use]
pub fn is_subject(subject: &str) -> bool {
    (1..=255).contains(&subject.len()) && subject.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::connection::tests::connection;
    use TokenProblem::*;

    pub(crate) const NOW: u64 = 1_790_000_000;

    /// The claims of Okta's thin token.
    pub(crate) fn claims() -> serde_json::Value {
        serde_json::json!({
            "ver": 1, "sub": "00u1anna", "iss": "https://acme.okta.com", "aud": "0oa1client",
            "iat": NOW, "exp": NOW + 3600, "jti": "ID.1", "amr": ["pwd"], "auth_time": NOW - 30,
            "nonce": "n", "email": "anna@acme.com",
        })
    }

    fn judge(connection: &Connection, claims: &serde_json::Value) -> Result<(), TokenProblem> {
        let text = claims.to_string();
        let claims = Object::parse(text.as_bytes()).unwrap();
        let expected = Expected {
            nonce: Some("n"),
            access_token: Some("at"),
            now: NOW,
        };
        validate_claims(connection, Algorithm::Rs256, &claims, &expected)
            .map_err(|rejection| rejection.problem)
    }

    fn with(name: &str, value: impl Into<serde_json::Value>) -> Result<(), TokenProblem> {
        let mut claims = claims();
        claims[name] = value.into();
        judge(&connection(), &claims)
    }

    fn without(name: &str) -> Result<(), TokenProblem> {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        judge(&connection(), &claims)
    }

    #[test]
    fn oktas_claims_pass() {
        assert_eq!(judge(&connection(), &claims()), Ok(()));
    }

    #[test]
    fn required_claims_are_required() {
        for name in ["iss", "sub", "aud", "exp", "iat"] {
            assert_eq!(without(name), Err(MemberMissing), "BI-106: {name}");
            assert_eq!(
                with(name, serde_json::Value::Null),
                Err(MemberMistyped),
                "BI-106: {name}"
            );
        }
        assert_eq!(without("nonce"), Err(NonceMissing), "BI-118");
        for name in ["auth_time", "email", "amr", "ver", "jti"] {
            assert_eq!(without(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn we_are_the_only_audience() {
        assert_eq!(with("aud", vec!["0oa1client"]), Ok(()));
        for other in ["0oa1client2", "0OA1CLIENT", "0oa1client "] {
            assert_eq!(with("aud", other), Err(AudienceMismatch), "BI-114");
        }
        assert_eq!(
            with("aud", vec!["0oa1client", "other"]),
            Err(AudienceMismatch),
            "BI-112"
        );
        assert_eq!(
            with("aud", Vec::<String>::new()),
            Err(AudienceMismatch),
            "BI-113"
        );
        assert_eq!(with("aud", 42), Err(MemberMistyped), "BI-113");
        assert_eq!(
            with("aud", serde_json::json!([["0oa1client"]])),
            Err(MemberMistyped),
            "BI-113"
        );
        assert_eq!(with("azp", "0oa1client"), Ok(()));
        assert_eq!(with("azp", "other"), Err(AuthorizedPartyMismatch), "BI-115");
        assert_eq!(with("azp", 1), Err(MemberMistyped), "BI-116");
        assert_eq!(with("iss", "https://acme.okta.com/"), Err(IssuerMismatch));
    }

    #[test]
    fn times_are_held_against_the_tolerance() {
        assert_eq!(with("exp", NOW - 120), Err(Expired), "BI-151");
        let mut old = claims();
        old["iat"] = (NOW - 300).into();
        old["exp"] = (NOW - 119).into();
        assert_eq!(judge(&connection(), &old), Ok(()), "BI-151");
        assert_eq!(with("nbf", NOW + 121), Err(NotYetValid), "BI-152");
        assert_eq!(with("nbf", NOW + 120), Ok(()), "BI-152");
        assert_eq!(with("iat", NOW + 121), Err(IssuedAtUnacceptable), "BI-153");
        assert_eq!(with("iat", NOW + 120), Ok(()), "BI-153");
        assert_eq!(with("iat", NOW - 720), Err(IssuedAtUnacceptable), "BI-153");
        assert_eq!(with("iat", NOW - 719), Ok(()), "BI-153");
        assert_eq!(with("exp", NOW + 86_400), Ok(()), "BI-165");
        assert_eq!(
            with("exp", NOW + 86_401),
            Err(LifetimeUnacceptable),
            "BI-165"
        );
        assert_eq!(
            with("exp", NOW),
            Err(LifetimeUnacceptable),
            "BI-164: no time between iat and exp"
        );
        assert_eq!(with("exp", 1_790_003_600.5), Ok(()), "BI-157");
        assert_eq!(with("exp", NOW * 1000), Err(MemberMistyped), "BI-163");
        assert_eq!(with("exp", "1790003600"), Err(MemberMistyped), "BI-154");
        assert_eq!(with("exp", u64::MAX), Err(MemberMistyped), "BI-166");
    }

    #[test]
    fn the_nonce_is_this_logins() {
        assert_eq!(with("nonce", "N"), Err(NonceMismatch), "BI-119");
        assert_eq!(with("nonce", "n\0"), Err(NonceMismatch), "BI-119");
        assert_eq!(with("nonce", ""), Err(NonceMismatch), "BI-119");
        assert_eq!(with("nonce", vec!["n"]), Err(MemberMistyped), "BI-119");
    }

    #[test]
    fn what_was_asked_of_the_authentication_is_checked() {
        let mut strict = connection();
        strict.policy.max_age = Some(60);
        assert_eq!(judge(&strict, &claims()), Ok(()));
        for (at, expected) in [
            (NOW - 180, Ok(())),
            (NOW - 181, Err(AuthenticationTooOld)),
            (NOW + 121, Err(NotYetValid)),
        ] {
            let mut claims = claims();
            claims["auth_time"] = at.into();
            assert_eq!(judge(&strict, &claims), expected, "BI-167");
        }
        let mut none = claims();
        none.as_object_mut().unwrap().remove("auth_time");
        assert_eq!(judge(&strict, &none), Err(AuthTimeMissing), "BI-119d");
        assert_eq!(with("auth_time", 0), Ok(()), "not asked for");
        let mut stepped = connection();
        stepped.policy.acr_values = vec!["urn:okta:loa:2fa:any".into()];
        assert_eq!(judge(&stepped, &claims()), Err(AcrUnmet));
    }

    #[test]
    fn other_tokens_are_no_id_tokens() {
        assert_eq!(
            with("events", serde_json::json!({})),
            Err(WrongType),
            "BI-108"
        );
        // SHA-256 of "at", left half.
        let half = base64url::encode(&Sha256::digest(b"at")[..16]);
        assert_eq!(with("at_hash", half.as_str()), Ok(()), "BI-119c");
        assert_eq!(
            with("at_hash", &half[..20]),
            Err(AccessTokenHashMismatch),
            "BI-119c"
        );
        assert_eq!(
            with("at_hash", base64url::encode(&Sha512::digest(b"at")[..32])),
            Err(AccessTokenHashMismatch),
            "BI-119c"
        );
        for sub in ["", "ä", "a\u{7f}"] {
            assert_eq!(with("sub", sub), Err(SubjectInvalid), "BI-119b");
        }
        assert_eq!(with("sub", "s".repeat(255)), Ok(()), "BI-119b");
        assert_eq!(with("sub", "s".repeat(256)), Err(SubjectInvalid), "BI-119b");
    }
}
