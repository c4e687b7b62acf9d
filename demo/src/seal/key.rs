//! What one key file is good for: a key of its own for each purpose, derived from the one in the file.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{KeyError, NotSealedHere, Place};
use crate::token::NoRandomness;

pub(super) struct Key {
    name: String,
    sealing: RandomizedNonceKey,
    pub(super) proof: hmac::Key,
    pub(super) compiled_code: hmac::Tag,
}

impl Key {
    pub(super) fn new(key: &[u8; 32]) -> Result<Self, KeyError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = |purpose: &[u8]| hmac::sign(&master, purpose);
        let name = derived(b"ledgerline key name 1");
        Ok(Self {
            name: name
                .as_ref()
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            sealing: RandomizedNonceKey::new(
                &AES_256_GCM,
                derived(b"ledgerline sealing 1").as_ref(),
            )
            .map_err(|_| KeyError::NoRandomness)?,
            proof: hmac::Key::new(
                hmac::HMAC_SHA256,
                derived(b"ledgerline form proof 1").as_ref(),
            ),
            compiled_code: derived(b"ledgerline compiled code 1"),
        })
    }

    /// What people and tables call it. Tells nothing about the key.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A random nonce, then the ciphertext with its tag.
    pub(super) fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let mut text = secret.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::from(place.associated_data()), &mut text)
            .map_err(|_| NoRandomness)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// What was sealed by this key for this very place.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotSealedHere> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(NotSealedHere)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealedHere)?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = self
            .sealing
            .open_in_place(nonce, Aad::from(place.associated_data()), &mut text)
            .map_err(|_| NotSealedHere)?;
        let length = opened.len();
        text.truncate(length);
        Ok(text)
    }
}
