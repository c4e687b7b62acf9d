//! Proof Key for Code Exchange (RFC 7636), `S256` alone.

use sha2::{Digest as _, Sha256};

use crate::base64url;

/// The `code_challenge` of a `code_verifier`.
///
/// Spec: RFC 7636 section 4.2. `plain` does not exist here.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    base64url::encode(&Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
