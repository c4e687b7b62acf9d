//! One recording as a file: what it begins with, how it is sealed, and how long it opens.
//!
//! A line that says what it is, the length of the rest in eight bytes, a nonce, and AES-256-GCM. The file's name is bound
//! to the content, and the second in the name ends it: a file that was renamed to live longer does not open.

use std::fs;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;

use super::Recording;

/// Seconds that a recording is kept.
pub(super) const KEPT: u64 = 7 * 86_400;
/// What a recording's file name ends in.
pub(super) const SUFFIX: &str = ".recording";
/// What a recording begins with.
const MAGIC: &[u8] = b"okta-sso recording 1\n";
/// Bytes of the length that follows, and of the nonce after it.
const LENGTH: usize = 8;
const NONCE: usize = 12;

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No such file, or not one that may be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Its name or its beginning is not a recording's.
    #[error("it is not a recording that a host has sealed")]
    NotARecording,
    /// Its end is missing.
    #[error("it is cut off: its end is missing")]
    CutOff,
    /// The name says that it is older than seven days.
    #[error("it is older than seven days, and recordings open no longer than that")]
    Expired,
    /// Another key, another name, or other bytes than were written.
    #[error(
        "it does not open with this key: the key is another one, or the file was changed or renamed"
    )]
    Sealed,
    /// There is no AES-256-GCM on this machine.
    #[error("this machine cannot open it")]
    NoCipher,
}

/// The recording in a file that [`super::RecordingFolder`] wrote, under the name that it was given there.
///
/// # Errors
/// As [`OpenError`] says.
pub fn open(path: &Path, key: &[u8; 32], now: u64) -> Result<Recording, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ended = ended(&name).ok_or(OpenError::NotARecording)?;
    let bytes = fs::read(path)?;
    let (length, rest) = bytes
        .strip_prefix(MAGIC)
        .ok_or(OpenError::NotARecording)?
        .split_first_chunk::<LENGTH>()
        .ok_or(OpenError::CutOff)?;
    if (rest.len() as u64) < u64::from_be_bytes(*length) {
        return Err(OpenError::CutOff);
    }
    if now >= ended.saturating_add(KEPT) {
        return Err(OpenError::Expired);
    }
    let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(OpenError::Sealed)?;
    let mut text = text.to_vec();
    let opened = cipher(key)
        .map_err(|Unspecified| OpenError::NoCipher)?
        .open_in_place(nonce.into(), Aad::from(name.as_bytes()), &mut text)
        .map_err(|_| OpenError::Sealed)?;
    serde_json::from_slice(opened).map_err(|_| OpenError::NotARecording)
}

/// The bytes of a file of this name.
pub(super) fn seal(
    recording: &Recording,
    name: &str,
    cipher: &RandomizedNonceKey,
) -> std::io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(recording)?;
    let nonce = cipher
        .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut text)
        .map_err(|_| std::io::Error::other("cannot encrypt"))?;
    let length = (NONCE + text.len()) as u64;
    Ok([MAGIC, &length.to_be_bytes(), nonce.as_ref(), &text].concat())
}

pub(super) fn cipher(key: &[u8; 32]) -> Result<RandomizedNonceKey, Unspecified> {
    RandomizedNonceKey::new(&AES_256_GCM, key)
}

/// The second in a file's name; none where it is no recording's.
pub(super) fn ended(name: &str) -> Option<u64> {
    let (second, rest) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let sound = second.len() == 12 && second.bytes().all(|byte| byte.is_ascii_digit());
    (sound && rest.contains('-')).then(|| second.parse().ok())?
}
