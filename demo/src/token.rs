//! Random names that nobody guesses, and the hash under which they are stored.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The system's source of randomness failed.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random bytes to give")]
pub struct NoRandomness;

/// 32 random bytes as 43 characters of base64url: a session's cookie, a form's cookie.
pub(crate) fn secret() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// 12 random bytes as 16 characters of base64url: the name of a row or of an incident, not secret.
pub(crate) fn name() -> Result<String, NoRandomness> {
    let mut bytes = [0; 12];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored instead of a cookie: who reads the table cannot use it.
pub(crate) fn hash(cookie: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, cookie.as_bytes())
        .as_ref()
        .to_vec()
}
