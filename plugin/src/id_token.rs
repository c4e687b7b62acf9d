//! The claims of an ID token (OpenID Connect Core 1.0 sections 2 and 3.1.3.7), after its signature was verified.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use crate::base64url;
use crate::contract::exports::sso::provider::claims;
use crate::contract::exports::sso::provider::login::{TokenProblem, TokenRejection};
use crate::contract::sso::provider::types::{Algorithm, Connection};
use crate::error::compared;
use crate::json::{Json, MemberError, Object, Rounding};
use crate::jws::{self, Kind};

/// Seconds after which a token is no longer the fresh result of a sign-in.
const MAX_AGE: u64 = 600;
/// Seconds between `iat` and `exp`.
const MAX_LIFETIME: u64 = 86_400;
/// Characters of a name that is handed on.
const MAX_NAME: usize = 256;

/// What the claims are compared with, the connection aside.
#[derive(Clone, Copy)]
pub struct Expectations<'a> {
    /// Absent: the token must carry none.
    pub nonce: Option<&'a str>,
    /// For `at_hash`; absent: not checked.
    pub access_token: Option<&'a str>,
    /// The header's.
    pub algorithm: Algorithm,
    /// The wall clock.
    pub now: u64,
}

/// What a good ID token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// `sub`.
    pub subject: String,
    /// `exp`.
    pub expires: u64,
    /// The claims that describe the person.
    pub profile: Profile,
    /// `auth_time`.
    pub auth_time: Option<u64>,
    /// `acr`.
    pub acr: Option<String>,
    /// `amr`.
    pub amr: Vec<String>,
    /// `sid`.
    pub session_id: Option<String>,
}

/// Claims that an ID token and UserInfo both may carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// `email`, as sent.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: Option<bool>,
    /// A member of the two above that is not of its type.
    pub mistyped: Option<Mistyped>,
    /// `name`, cut to 256 characters.
    pub name: Option<String>,
    /// `preferred_username`, likewise.
    pub preferred_username: Option<String>,
}

/// Which claim about the e-mail is not of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistyped {
    /// `email` is not a string.
    Email,
    /// `email_verified` is not a boolean.
    EmailVerified,
}

impl Profile {
    /// Reads the claims; nothing is compared.
    #[must_use]
    pub fn read(claims: &Object<'_>) -> Self {
        let text = |name| {
            let text = claims.optional_string(name).ok()??;
            Some(text.chars().take(MAX_NAME).collect())
        };
        let email = claims.optional_string("email");
        let email_verified = claims.optional_bool("email_verified");
        Self {
            mistyped: match (&email, &email_verified) {
                (Err(_), _) => Some(Mistyped::Email),
                (_, Err(_)) => Some(Mistyped::EmailVerified),
                _ => None,
            },
            email: email.unwrap_or_default().map(str::to_owned),
            email_verified: email_verified.unwrap_or_default(),
            name: text("name"),
            preferred_username: text("preferred_username"),
        }
    }
}

/// Validates the payload of an ID token.
///
/// Caller must: have verified the signature and checked the header; neither is looked at here.
///
/// # Errors
/// The first problem, in the order of [`TokenProblem`].
pub fn validate(
    connection: &Connection,
    payload: &[u8],
    expectations: Expectations<'_>,
) -> Result<IdToken, TokenRejection> {
    let claims = Object::parse(payload).map_err(TokenProblem::from)?;
    let policy = &connection.policy;
    let now = expectations.now;
    let tolerance = u64::from(policy.clock_tolerance);

    // A logout token or a security event is never an ID token (Back-Channel Logout 1.0 section 2.4).
    if claims.contains("events") {
        return Err(TokenProblem::WrongType.into());
    }
    // OpenID Connect Core 2: iss, sub, aud, exp and iat are required.
    let issuer = claims.string("iss")?;
    let subject = claims.string("sub")?;
    let audience = audience(&claims)?;
    let authorized_party = claims.optional_string("azp")?;
    let expires = claims.date("exp", Rounding::Down)?;
    let issued = claims.date("iat", Rounding::Up)?;
    let not_before = claims.optional_date("nbf", Rounding::Up)?;
    let nonce = claims.optional_string("nonce")?;
    let acr = claims.optional_string("acr")?;
    // 0 is how some providers say that they do not know; it is never recent.
    let auth_time = match claims.get("auth_time") {
        Some(Json::Number(number)) if number.text() == "0" => Some(0),
        _ => claims.optional_date("auth_time", Rounding::Down)?,
    };
    let access_token_hash = claims.optional_string("at_hash")?;

    // Step 1, encrypted tokens, is the structure's; steps 6 to 8, signature and algorithm, came before.
    // Step 2: the issuer is the one that was discovered, byte for byte.
    if issuer != connection.issuer {
        return Err(compared(
            TokenProblem::IssuerMismatch,
            &connection.issuer,
            issuer,
        ));
    }
    // Step 3: we are the audience, and nobody else is: no other audience is trusted.
    if audience != [connection.client_id.as_str()] {
        return Err(compared(
            TokenProblem::AudienceMismatch,
            &connection.client_id,
            &audience.join(" "),
        ));
    }
    // Steps 4 and 5.
    if let Some(party) = authorized_party.filter(|party| *party != connection.client_id) {
        return Err(compared(
            TokenProblem::AuthorizedPartyMismatch,
            &connection.client_id,
            party,
        ));
    }
    // Step 9.
    check_times(
        now,
        tolerance,
        Times {
            expires,
            issued,
            not_before,
        },
    )?;
    // Step 10: a token of this sign-in was issued after the sign-in began.
    if issued.saturating_add(MAX_AGE + tolerance) < now {
        return Err(times(TokenProblem::IssuedAtUnacceptable, now, issued));
    }
    // Step 11: compared in constant time and never shown.
    match (expectations.nonce, nonce) {
        (None, None) => (),
        (None, Some(_)) => return Err(TokenProblem::NoncePresent.into()),
        (Some(_), None) => return Err(TokenProblem::NonceMissing.into()),
        (Some(expected), Some(found)) => {
            if !bool::from(expected.as_bytes().ct_eq(found.as_bytes())) {
                return Err(TokenProblem::NonceMismatch.into());
            }
        }
    }
    // Step 12.
    if !policy.acr_values.is_empty()
        && !acr.is_some_and(|acr| policy.acr_values.iter().any(|wanted| wanted == acr))
    {
        return Err(compared(
            TokenProblem::AcrUnmet,
            &policy.acr_values.join(" "),
            acr.unwrap_or_default(),
        ));
    }
    // Step 13.
    if let Some(max_age) = policy.max_age {
        let authenticated = auth_time.ok_or(TokenProblem::AuthTimeMissing)?;
        if authenticated > now.saturating_add(tolerance) {
            return Err(times(TokenProblem::NotYetValid, now, authenticated));
        }
        let latest = authenticated.saturating_add(u64::from(max_age) + tolerance);
        if latest < now {
            return Err(times(
                TokenProblem::AuthenticationTooOld,
                now,
                authenticated,
            ));
        }
    }
    // OpenID Connect Core 3.1.3.8: optional in this flow, checked when there.
    if let (Some(found), Some(token)) = (access_token_hash, expectations.access_token) {
        let expected = half_hash(expectations.algorithm, token);
        if !bool::from(expected.as_bytes().ct_eq(found.as_bytes())) {
            return Err(TokenProblem::AccessTokenHashMismatch.into());
        }
    }
    check_subject(subject)?;

    let bounded = |text: &str| (text.len() <= MAX_NAME).then(|| text.to_owned());
    Ok(IdToken {
        subject: subject.to_owned(),
        expires,
        profile: Profile::read(&claims),
        auth_time,
        acr: acr.and_then(bounded),
        amr: claims
            .optional_strings("amr")
            .unwrap_or_default()
            .unwrap_or_default()
            .into_iter()
            .take(16)
            .filter_map(bounded)
            .collect(),
        session_id: claims
            .optional_string("sid")
            .unwrap_or_default()
            .and_then(bounded),
    })
}

/// `claims.validate`: header and claims of a token whose signature the host has verified.
///
/// # Errors
/// The first problem, in the order of [`TokenProblem`]; `connection-invalid` connections are not looked for.
pub fn validate_claims(
    connection: &Connection,
    header: &str,
    payload: &str,
    expectations: &claims::Expectations,
) -> Result<claims::ClaimSet, TokenRejection> {
    let allowed = &connection.policy.algorithms;
    let header = jws::parse_header(header.as_bytes(), Kind::IdToken, allowed)?;
    if payload.len() > jws::MAX_TOKEN {
        return Err(TokenProblem::TooLarge.into());
    }
    let expectations = Expectations {
        nonce: expectations.nonce.as_deref(),
        access_token: expectations.access_token.as_deref(),
        algorithm: header.algorithm,
        now: expectations.now,
    };
    let token = validate(connection, payload.as_bytes(), expectations)?;
    let profile = token.profile;
    match profile.mistyped {
        Some(Mistyped::Email) => return Err(MemberError::Mistyped("email").into()),
        Some(Mistyped::EmailVerified) => {
            return Err(MemberError::Mistyped("email_verified").into());
        }
        None => (),
    }
    Ok(claims::ClaimSet {
        issuer: connection.issuer.clone(),
        subject: token.subject,
        email: profile.email,
        email_verified: profile.email_verified,
        name: profile.name,
        expires: token.expires,
    })
}

/// The times that every kind of token carries.
#[derive(Clone, Copy)]
pub struct Times {
    /// `exp`.
    pub expires: u64,
    /// `iat`.
    pub issued: u64,
    /// `nbf`.
    pub not_before: Option<u64>,
}

/// Checks `exp`, `nbf`, `iat` and the lifetime.
///
/// # Errors
/// `expired`, `not-yet-valid`, `issued-at-unacceptable`, `lifetime-unacceptable`.
pub fn check_times(now: u64, tolerance: u64, token: Times) -> Result<(), TokenRejection> {
    // RFC 7519 section 4.1.4: on or after `exp` it must not be accepted. Dates end in the year 9999: no overflow.
    if now >= token.expires.saturating_add(tolerance) {
        return Err(times(TokenProblem::Expired, now, token.expires));
    }
    let latest = now.saturating_add(tolerance);
    if let Some(not_before) = token.not_before.filter(|time| *time > latest) {
        return Err(times(TokenProblem::NotYetValid, now, not_before));
    }
    if token.issued > latest {
        return Err(times(TokenProblem::IssuedAtUnacceptable, now, token.issued));
    }
    match token.expires.checked_sub(token.issued) {
        Some(1..=MAX_LIFETIME) => Ok(()),
        _ => Err(times(
            TokenProblem::LifetimeUnacceptable,
            token.issued,
            token.expires,
        )),
    }
}

fn times(problem: TokenProblem, expected: u64, found: u64) -> TokenRejection {
    compared(problem, &expected.to_string(), &found.to_string())
}

/// `aud` as a list (RFC 7519 section 4.1.3).
///
/// # Errors
/// `member-missing`, `member-mistyped`.
pub fn audience<'a>(claims: &'a Object<'_>) -> Result<Vec<&'a str>, MemberError> {
    match claims.get("aud") {
        None => Err(MemberError::Missing("aud")),
        Some(Json::String(audience)) => Ok(vec![audience]),
        Some(Json::Array(audiences)) => audiences
            .iter()
            .map(Json::as_str)
            .collect::<Option<_>>()
            .ok_or(MemberError::Mistyped("aud")),
        Some(_) => Err(MemberError::Mistyped("aud")),
    }
}

/// OpenID Connect Core 2: `sub` is at most 255 ASCII characters.
///
/// # Errors
/// `subject-invalid`.
pub fn check_subject(subject: &str) -> Result<(), TokenRejection> {
    let sound = (1..=255).contains(&subject.len())
        && subject
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if sound {
        Ok(())
    } else {
        Err(compared(TokenProblem::SubjectInvalid, "", subject))
    }
}

/// The left half of the hash that the algorithm uses (OpenID Connect Core 3.1.3.6).
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let digest = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => Sha256::digest(token).to_vec(),
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => Sha384::digest(token).to_vec(),
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Eddsa => Sha512::digest(token).to_vec(),
    };
    let (half, _) = digest.split_at(digest.len() / 2);
    base64url::encode(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection;
    use crate::contract::sso::provider::types::Connection;

    const NOW: u64 = 1_790_000_000;
    const SOUND: &str = r#""iss":"https://acme.okta.com","aud":"c","sub":"00u1","nonce":"n""#;

    fn connection() -> Connection {
        let mut connection = Connection {
            id: "acme".into(),
            revision: String::new(),
            issuer: "https://acme.okta.com".into(),
            hosts: vec!["acme.okta.com".into()],
            client_id: "c".into(),
            redirect_uri: "https://app.example.com/cb".into(),
            post_logout_redirect_uri: None,
            scopes: vec!["openid".into()],
            email_domains: vec!["a.com".into()],
            policy: crate::describe::default_policy(),
        };
        connection.revision = connection::revision(&connection);
        connection
    }

    fn problem(payload: &str) -> Option<TokenProblem> {
        let expectations = Expectations {
            nonce: Some("n"),
            access_token: Some("at"),
            algorithm: Algorithm::Rs256,
            now: NOW,
        };
        let result = validate(&connection(), payload.as_bytes(), expectations);
        result.err().map(|rejection| rejection.problem)
    }

    fn timed(issued: &str, expires: &str) -> String {
        format!("{{{SOUND},\"iat\":{issued},\"exp\":{expires}}}")
    }

    #[test]
    fn times_have_boundaries() {
        let times = |iat: u64, exp: u64| problem(&timed(&iat.to_string(), &exp.to_string()));
        assert_eq!(times(NOW - 300, NOW - 119), None, "BI-151");
        assert_eq!(
            times(NOW - 300, NOW - 120),
            Some(TokenProblem::Expired),
            "BI-151"
        );
        assert_eq!(times(NOW + 120, NOW + 3_600), None, "BI-153");
        let unacceptable = Some(TokenProblem::IssuedAtUnacceptable);
        assert_eq!(times(NOW + 121, NOW + 3_600), unacceptable, "BI-153");
        assert_eq!(times(NOW - 720, NOW + 3_600), None, "BI-153");
        assert_eq!(times(NOW - 721, NOW + 3_600), unacceptable, "BI-153");
        assert_eq!(times(NOW, NOW + 86_400), None, "BI-165");
        let lifetime = Some(TokenProblem::LifetimeUnacceptable);
        assert_eq!(times(NOW, NOW + 86_401), lifetime, "BI-165");
        assert_eq!(times(NOW, NOW), lifetime, "BI-164");
        let mistyped = Some(TokenProblem::MemberMistyped);
        assert_eq!(
            problem(&timed(&NOW.to_string(), "\"1790003600\"")),
            mistyped,
            "BI-154"
        );
        assert_eq!(
            problem(&timed(&NOW.to_string(), "18446744073709551616")),
            mistyped,
            "BI-160"
        );
    }

    #[test]
    fn every_claim_has_its_own_refusal() {
        let sound = timed(&NOW.to_string(), &(NOW + 60).to_string());
        assert_eq!(problem(&sound), None);
        for (from, to, expected) in [
            ("okta.com\"", "okta.com/\"", TokenProblem::IssuerMismatch),
            (
                "\"aud\":\"c\"",
                "\"aud\":\"d\"",
                TokenProblem::AudienceMismatch,
            ),
            (
                "\"aud\":\"c\"",
                "\"aud\":[\"c\",\"d\"]",
                TokenProblem::AudienceMismatch,
            ),
            (
                "\"aud\":\"c\"",
                "\"aud\":[]",
                TokenProblem::AudienceMismatch,
            ),
            (
                "\"aud\":\"c\"",
                "\"aud\":[[\"c\"]]",
                TokenProblem::MemberMistyped,
            ),
            (
                "\"aud\":\"c\"",
                "\"aud\":\"c\",\"azp\":\"d\"",
                TokenProblem::AuthorizedPartyMismatch,
            ),
            ("\"aud\":\"c\",", "", TokenProblem::MemberMissing),
            (
                "\"nonce\":\"n\"",
                "\"nonce\":\"N\"",
                TokenProblem::NonceMismatch,
            ),
            (",\"nonce\":\"n\"", "", TokenProblem::NonceMissing),
            ("00u1", "", TokenProblem::SubjectInvalid),
            ("\"00u1\"", "7", TokenProblem::MemberMistyped),
            (
                "{",
                "{\"at_hash\":\"AAAA\",",
                TokenProblem::AccessTokenHashMismatch,
            ),
            ("{", "{\"events\":{},", TokenProblem::WrongType),
        ] {
            assert_eq!(
                problem(&sound.replacen(from, to, 1)),
                Some(expected),
                "{to}"
            );
        }
        let hash = half_hash(Algorithm::Rs256, "at");
        let bound = sound.replacen('{', &format!("{{\"at_hash\":\"{hash}\","), 1);
        assert_eq!(problem(&bound), None);
        assert_eq!(problem(&sound.replacen("\"c\"", "[\"c\"]", 1)), None);
    }
}
