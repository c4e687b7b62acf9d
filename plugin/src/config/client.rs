//! Client ID and client secret.

use super::{Report, is_placeholder};
use crate::contract::exports::sso::provider::config::{Field, ProblemCode, Settings};

/// Bytes of a client ID.
const MAX_CLIENT_ID: usize = 255;
/// Bytes of a client secret.
const MAX_SECRET: usize = 1024;
const CLIENT_ID_FORM: &str =
    "the Client ID of the app’s Sign On or General tab, such as 0oa1b2c3d4E5F6g7h8i9";
const SECRET_FORM: &str =
    "the Client secret of the app’s Sign On or General tab, without spaces or line ends";

pub(super) fn check(settings: &Settings, report: &mut Report<'_>) {
    let id = settings.client_id.as_str();
    let secret = settings.client_secret.as_deref();
    let exchanged = looks_like_secret(id) || secret.is_some_and(|secret| secret == id);
    if let Some(code) = credential_problem(id, MAX_CLIENT_ID, exchanged) {
        // Something as long as a secret may be one.
        let found = Some(id).filter(|id| code != ProblemCode::Swapped && id.len() < 40);
        report.problem(Field::ClientId, code, Some(CLIENT_ID_FORM), found);
    }
    if let Some(secret) = secret {
        let exchanged = looks_like_client_id(secret);
        if let Some(code) = credential_problem(secret, MAX_SECRET, exchanged) {
            report.problem(Field::ClientSecret, code, Some(SECRET_FORM), None);
        }
    }
}

/// White space is told and not trimmed: a secret may be anything, and a silent repair hides a bad
/// copy.
fn credential_problem(text: &str, longest: usize, exchanged: bool) -> Option<ProblemCode> {
    let bare = text.trim();
    if bare.is_empty() {
        Some(ProblemCode::Missing)
    } else if text.len() > longest {
        Some(ProblemCode::TooLong)
    } else if is_placeholder(bare) {
        Some(ProblemCode::Placeholder)
    } else if text.contains(char::is_whitespace) {
        Some(ProblemCode::WhiteSpace)
    } else if !text.bytes().all(|byte| matches!(byte, 0x21..=0x7e)) {
        // RFC 6749 appendix A: VSCHAR, less the space that no provider issues.
        Some(ProblemCode::InvalidCharacter)
    } else if exchanged || text.contains("://") {
        Some(ProblemCode::Swapped)
    } else {
        None
    }
}

/// Okta: client IDs are `0oa` and 17 letters and digits.
fn looks_like_client_id(text: &str) -> bool {
    text.len() == 20
        && text.starts_with("0oa")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Okta: generated secrets are 40 or 64 characters of base64url.
fn looks_like_secret(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    matches!(text.len(), 40 | 64)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}
