//! Signed tokens in compact serialisation (RFC 7515 section 7.1), up to but without the signature's check.
//!
//! Nothing of the payload is read here: until the signature holds it is a stranger's text.

use crate::base64url;
use crate::contract::exports::sso::provider::login::TokenProblem;
use crate::contract::sso::provider::types::Algorithm;
use crate::json::Object;

/// Bytes of a whole token.
pub const MAX_TOKEN: usize = 32 * 1024;
/// Bytes of a decoded header.
const MAX_HEADER: usize = 2 * 1024;
/// Bytes of a key's name.
const MAX_KEY_ID: usize = 256;

/// A token taken apart.
#[derive(Debug)]
pub struct Jws<'a> {
    /// What the header says.
    pub header: Header,
    /// The octets that are signed.
    pub signing_input: &'a [u8],
    /// Decoded; not believed before the signature holds.
    pub payload: Vec<u8>,
    /// Decoded.
    pub signature: Vec<u8>,
}

/// The members of a header that decide anything; `jwk`, `jku`, `x5u`, `x5c` and `x5t` never do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// One of the algorithms that were allowed.
    pub algorithm: Algorithm,
    /// The key's name (`kid`).
    pub key_id: Option<String>,
}

/// Which kind of token is expected: decides which `typ` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `typ` absent or `JWT`.
    IdToken,
    /// `typ` absent, `JWT` or `logout+jwt` (Back-Channel Logout 1.0 section 2.4).
    LogoutToken,
    /// Okta: `typ` must be `global-token-revocation+jwt`.
    Revocation,
}

impl Kind {
    fn accepts(self, typ: Option<&str>) -> bool {
        let Some(typ) = typ else {
            return self != Self::Revocation;
        };
        // RFC 7515 section 4.1.9: media types compare without case, `application/` may be left out.
        let typ = typ.to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        match self {
            Self::IdToken => typ == "jwt",
            Self::LogoutToken => matches!(typ, "jwt" | "logout+jwt"),
            Self::Revocation => typ == "global-token-revocation+jwt",
        }
    }
}

/// Takes a token apart and checks its header, in the order of [`TokenProblem`].
///
/// The signature is not checked here.
///
/// # Errors
/// The first problem of the structure or the header.
pub fn parse<'a>(
    token: &'a str,
    kind: Kind,
    allowed: &[Algorithm],
) -> Result<Jws<'a>, TokenProblem> {
    if token.len() > MAX_TOKEN {
        return Err(TokenProblem::TooLarge);
    }
    match token.bytes().filter(|byte| *byte == b'.').count() {
        2 => (),
        // RFC 7516 section 3: five segments are an encrypted token, and no key was registered for one.
        4 => return Err(TokenProblem::Encrypted),
        _ => return Err(TokenProblem::Malformed),
    }
    let (signing_input, signature) = token.rsplit_once('.').ok_or(TokenProblem::Malformed)?;
    let (header, payload) = signing_input
        .split_once('.')
        .ok_or(TokenProblem::Malformed)?;
    let header = base64url::decode(header).ok_or(TokenProblem::Malformed)?;
    let header = parse_header(&header, kind, allowed)?;
    Ok(Jws {
        header,
        signing_input: signing_input.as_bytes(),
        payload: base64url::decode(payload).ok_or(TokenProblem::Malformed)?,
        signature: base64url::decode(signature).ok_or(TokenProblem::Malformed)?,
    })
}

/// Checks the JSON text of a header.
///
/// # Errors
/// The first problem, in the order of [`TokenProblem`].
pub fn parse_header(
    header: &[u8],
    kind: Kind,
    allowed: &[Algorithm],
) -> Result<Header, TokenProblem> {
    if header.len() > MAX_HEADER {
        return Err(TokenProblem::TooLarge);
    }
    let header = Object::parse(header)?;
    // RFC 8725 section 3.1: our list decides, before any key is looked for.
    let algorithm = header
        .string("alg")
        .ok()
        .and_then(algorithm)
        .filter(|algorithm| allowed.contains(algorithm))
        .ok_or(TokenProblem::AlgorithmNotAllowed)?;
    // RFC 7515 section 4.1.11: no extension is understood here, `b64` of RFC 7797 included.
    if header.contains("crit") || header.contains("b64") || header.contains("zip") {
        return Err(TokenProblem::CriticalHeader);
    }
    let typ = header
        .optional_string("typ")
        .map_err(|_| TokenProblem::WrongType)?;
    // RFC 7519 section 5.2: `cty` announces a token inside the token.
    if !kind.accepts(typ) || header.contains("cty") {
        return Err(TokenProblem::WrongType);
    }
    let key_id = header
        .optional_string("kid")
        .map_err(|_| TokenProblem::Malformed)?;
    if key_id.is_some_and(|id| id.len() > MAX_KEY_ID) {
        return Err(TokenProblem::TooLarge);
    }
    Ok(Header {
        algorithm,
        key_id: key_id.map(str::to_owned),
    })
}

/// The algorithm of this name (RFC 7518 section 3.1, RFC 8037 section 3.1); case matters.
#[must_use]
pub fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::Rs256,
        "RS384" => Algorithm::Rs384,
        "RS512" => Algorithm::Rs512,
        "PS256" => Algorithm::Ps256,
        "PS384" => Algorithm::Ps384,
        "PS512" => Algorithm::Ps512,
        "ES256" => Algorithm::Es256,
        "ES384" => Algorithm::Es384,
        "EdDSA" => Algorithm::Eddsa,
        _ => return None,
    })
}

/// The name of an algorithm; [`algorithm`] reads it.
#[must_use]
pub const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "RS256",
        Algorithm::Rs384 => "RS384",
        Algorithm::Rs512 => "RS512",
        Algorithm::Ps256 => "PS256",
        Algorithm::Ps384 => "PS384",
        Algorithm::Ps512 => "PS512",
        Algorithm::Es256 => "ES256",
        Algorithm::Es384 => "ES384",
        Algorithm::Eddsa => "EdDSA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

    fn problem(token: &str) -> TokenProblem {
        parse(token, Kind::IdToken, &ALL).unwrap_err()
    }

    fn token(header: &str) -> String {
        format!("{}.e30.AA", base64url::encode(header.as_bytes()))
    }

    #[test]
    fn rfc_7515_appendix_a_2() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let jws = parse(token, Kind::IdToken, &ALL).unwrap();
        assert_eq!(jws.header.algorithm, Algorithm::Rs256);
        assert_eq!(jws.signature.len(), 256);
        assert!(jws.payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
        assert!(jws.signing_input.ends_with(b"cnVlfQ"));
    }

    #[test]
    fn structure_comes_first() {
        for malformed in ["", "a", "a.b", "a.b.c.d", "..", "a.b.c.", " e30.e30.AA"] {
            assert_eq!(
                problem(malformed),
                TokenProblem::Malformed,
                "BI-081: {malformed}"
            );
        }
        assert_eq!(problem("a.b.c.d.e"), TokenProblem::Encrypted, "BI-084");
        assert_eq!(
            problem(&".".repeat(1_000_000)),
            TokenProblem::TooLarge,
            "BI-105"
        );
        let long = format!("{{\"alg\":\"RS256\",\"x\":\"{}\"}}", "a".repeat(3_000));
        assert_eq!(problem(&token(&long)), TokenProblem::TooLarge, "BI-105");
    }

    #[test]
    fn the_header_decides_before_any_key() {
        for (header, expected) in [
            (r#"{"alg":"none"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"HS256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"PS256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":"rs256"}"#, TokenProblem::AlgorithmNotAllowed),
            (r#"{"alg":null}"#, TokenProblem::AlgorithmNotAllowed),
            (r"{}", TokenProblem::AlgorithmNotAllowed),
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
            (r#"{"alg":"RS256","kid":1}"#, TokenProblem::Malformed),
        ] {
            assert_eq!(problem(&token(header)), expected, "{header}");
        }
        for header in [
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"ES256","typ":"jwt","kid":"k","jku":"https://evil.example"}"#,
            r#"{"alg":"RS256","typ":"application/JWT"}"#,
        ] {
            assert!(
                parse(&token(header), Kind::IdToken, &ALL).is_ok(),
                "{header}"
            );
        }
    }
}
