//! Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), one spelling for each value.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes; none for padding, white space, another alphabet, or trailing bits that are not zero.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Whether `text` is how 32 random bytes look: 43 characters, in their one spelling.
#[must_use]
pub fn is_32_bytes(text: &str) -> bool {
    text.len() == 43 && decode(text).is_some_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_value() {
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        assert_eq!(encode(&[0xff, 0xef]), "_-8");
        assert_eq!(decode(""), Some(Vec::new()));
        for refused in ["_-9", "/+8", "_-8=", "_-8 ", "_-\n8", "_", "_-8A=", "é"] {
            assert_eq!(decode(refused), None, "BI-104: {refused}");
        }
    }

    #[test]
    fn thirty_two_bytes_are_43_characters() {
        assert!(is_32_bytes(&encode(&[7; 32])));
        for (id, refused) in [
            ("31 bytes", encode(&[7; 31])),
            ("33 bytes", encode(&[7; 33])),
            ("trailing bits", format!("{}J", "B".repeat(42))),
        ] {
            assert!(!is_32_bytes(&refused), "BI-005: {id}");
        }
    }
}
