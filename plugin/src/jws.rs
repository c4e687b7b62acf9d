//! JSON Web Signature in its compact form (RFC 7515), the only one that is read.

use crate::base64url;
use crate::connection::algorithm_name;
use crate::contract::exports::sso::provider::login::{TokenProblem, TokenRejection};
use crate::contract::sso::provider::types::Algorithm;
use crate::json::Object;

/// The longest token, in bytes.
pub const MAX_TOKEN: usize = 32 * 1024;
/// The longest header, in bytes after decoding.
const MAX_HEADER: usize = 2 * 1024;
/// The longest key id, in bytes.
pub const MAX_KEY_ID: usize = 256;

/// What a token says it is (RFC 8725 section 3.11): one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `typ` absent or `JWT`.
    IdToken,
    /// `typ` absent, `JWT` or `logout+jwt`.
    LogoutToken,
    /// `typ` `global-token-revocation+jwt`.
    Revocation,
}

/// A token taken apart, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws<'a> {
    /// One of the connection's.
    pub algorithm: Algorithm,
    /// The key that signed it, as it claims.
    pub key_id: Option<String>,
    /// What was signed: header and payload as they came, with the dot between.
    pub signed: &'a str,
    /// The decoded payload: a stranger's bytes until the signature holds.
    pub payload: Vec<u8>,
    /// The decoded signature.
    pub signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart and judges its header; no key is needed for that, so none is fetched for nothing.
    ///
    /// Errors: `too-large`, `malformed`, `encrypted`, `duplicate-member`, and those of [`Header::parse`].
    pub fn parse(
        token: &'a str,
        kind: Kind,
        allowed: &[Algorithm],
    ) -> Result<Self, TokenRejection> {
        if token.len() > MAX_TOKEN {
            return Err(TokenProblem::TooLarge.into());
        }
        let mut parts = token.splitn(6, '.');
        let (Some(header), Some(payload), Some(signature)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenProblem::Malformed.into());
        };
        match parts.count() {
            0 => {}
            // RFC 7516 section 9: five parts are an encrypted token. We register no encryption.
            2 => return Err(TokenProblem::Encrypted.into()),
            _ => return Err(TokenProblem::Malformed.into()),
        }
        let decode = |part: &str| base64url::decode(part).ok_or(TokenProblem::Malformed);
        let signed = token
            .get(..header.len() + 1 + payload.len())
            .ok_or(TokenProblem::Malformed)?;
        let Header { algorithm, key_id } = Header::parse(&decode(header)?, kind, allowed)?;
        Ok(Self {
            algorithm,
            key_id,
            signed,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }
}

/// What matters of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// One of those allowed.
    pub algorithm: Algorithm,
    /// The key that signed it, as it claims.
    pub key_id: Option<String>,
}

impl Header {
    /// Judges a header. `jwk`, `jku`, `x5u` and `x5c` in it are never looked at: keys come from the provider's metadata.
    ///
    /// Errors: `too-large`, `malformed`, `duplicate-member`, `algorithm-not-allowed`, `critical-header`,
    /// `wrong-type`, `member-mistyped`.
    pub fn parse(text: &[u8], kind: Kind, allowed: &[Algorithm]) -> Result<Self, TokenRejection> {
        if text.len() > MAX_HEADER {
            return Err(TokenProblem::TooLarge.into());
        }
        let header = Object::parse(text).map_err(TokenProblem::from)?;
        // RFC 8725 section 3.1: the algorithm is ours to choose, not the token's.
        let algorithm = header
            .get("alg")
            .and_then(|alg| alg.as_str())
            .and_then(|name| {
                allowed
                    .iter()
                    .copied()
                    .find(|one| algorithm_name(*one) == name)
            });
        let algorithm = algorithm.ok_or(TokenProblem::AlgorithmNotAllowed)?;
        // RFC 7515 section 4.1.11: we understand no extension. RFC 7797's `b64` changes what is signed.
        if header.contains("crit") || header.contains("b64") {
            return Err(TokenProblem::CriticalHeader.into());
        }
        check_type(&header, kind)?;
        let key_id = header
            .optional_string("kid")
            .map_err(|_| TokenProblem::MemberMistyped)?;
        if key_id.is_some_and(|id| id.len() > MAX_KEY_ID) {
            return Err(TokenProblem::TooLarge.into());
        }
        Ok(Self {
            algorithm,
            key_id: key_id.map(str::to_owned),
        })
    }
}

fn check_type(header: &Object<'_>, kind: Kind) -> Result<(), TokenProblem> {
    // RFC 7519 section 5.2: a nested token is signed content of another kind.
    if header.contains("cty") {
        return Err(TokenProblem::WrongType);
    }
    let given = match header.get("typ") {
        None => None,
        Some(value) => Some(value.as_str().ok_or(TokenProblem::WrongType)?),
    };
    // RFC 7515 section 4.1.9: compared without case, `application/` may be left out.
    let is = |name: &str| given.is_some_and(|given| given.eq_ignore_ascii_case(name));
    let accepted = match kind {
        Kind::IdToken => given.is_none() || is("JWT"),
        Kind::LogoutToken => given.is_none() || is("JWT") || is("logout+jwt"),
        Kind::Revocation => is("global-token-revocation+jwt"),
    };
    if accepted {
        Ok(())
    } else {
        Err(TokenProblem::WrongType)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A token of these two texts, with a signature of three bytes.
    pub(crate) fn token(header: &str, payload: &str) -> String {
        let encode = |text: &str| base64url::encode(text.as_bytes());
        [encode(header), encode(payload), "c2ln".to_owned()].join(".")
    }

    fn problem(token: &str) -> TokenProblem {
        Jws::parse(token, Kind::IdToken, &[Algorithm::Rs256])
            .unwrap_err()
            .problem
    }

    #[test]
    fn rfc_7515_appendix_a_2_is_taken_apart() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                     cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.c2ln";
        let jws = Jws::parse(token, Kind::IdToken, &[Algorithm::Rs256]).unwrap();
        assert_eq!(jws.algorithm, Algorithm::Rs256);
        assert_eq!(jws.key_id, None);
        assert!(jws.payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
        assert_eq!(Some(jws.signed), token.strip_suffix(".c2ln"));
        assert_eq!(jws.signature, b"sig");
    }

    #[test]
    fn only_three_parts_of_base64url_are_a_token() {
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        assert!(Jws::parse(&good, Kind::IdToken, &[Algorithm::Rs256]).is_ok());
        for bad in [
            String::new(),
            "a".into(),
            "a.b".into(),
            "..".into(),
            format!("{good}."),
            format!("{good}.a"),
            format!(" {good}"),
            format!("{good}\n"),
            good.replacen('.', ".\n", 1),
            format!("{good}="),
            format!("{good}{}", ".".repeat(1_000)),
        ] {
            assert_eq!(problem(&bad), TokenProblem::Malformed, "BI-081: {bad:?}");
        }
        assert_eq!(
            problem(&format!("{good}.a.b")),
            TokenProblem::Encrypted,
            "BI-084"
        );
        assert_eq!(
            problem(&"a".repeat(MAX_TOKEN + 1)),
            TokenProblem::TooLarge,
            "BI-105"
        );
    }

    #[test]
    fn the_header_is_judged_without_a_key() {
        for (header, expected) in [
            (r#"{"alg":"none"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"HS256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"rs256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"ES256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":["RS256"]}"#, TokenProblem::AlgorithmNotAllowed),
            ("{}", TokenProblem::AlgorithmNotAllowed),
            (
                r#"{"alg":"RS256","alg":"none"}"#,
                TokenProblem::DuplicateMember,
            ),
            (r#"{"alg":"RS256","crit":[]}"#, TokenProblem::CriticalHeader),
            (
                r#"{"alg":"RS256","b64":false}"#,
                TokenProblem::CriticalHeader,
            ),
            (r#"{"alg":"RS256","typ":"at+jwt"}"#, TokenProblem::WrongType),
            (
                r#"{"alg":"RS256","typ":"logout+jwt"}"#,
                TokenProblem::WrongType,
            ),
            (r#"{"alg":"RS256","cty":"JWT"}"#, TokenProblem::WrongType),
            (r#"{"alg":"RS256","kid":7}"#, TokenProblem::MemberMistyped),
            ("[]", TokenProblem::Malformed),
        ] {
            assert_eq!(problem(&token(header, "{}")), expected, "{header}");
        }
        let long = format!(
            r#"{{"alg":"RS256","kid":"{}"}}"#,
            "k".repeat(MAX_KEY_ID + 1)
        );
        assert_eq!(
            problem(&token(&long, "{}")),
            TokenProblem::TooLarge,
            "BI-098"
        );
        for header in [
            r#"{"alg":"RS256","typ":"jwt"}"#,
            r#"{"alg":"RS256","jwk":{"kty":"RSA"},"jku":"https://evil.example","x5c":[]}"#,
        ] {
            assert!(Jws::parse(&token(header, "{}"), Kind::IdToken, &[Algorithm::Rs256]).is_ok());
        }
    }
}
