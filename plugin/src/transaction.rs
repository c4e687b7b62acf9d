//! What is remembered between `begin` and `complete`, and the key under which it is found.

use sha2::{Digest as _, Sha256};

use crate::base64url;
use crate::contract::sso::provider::types::Connection;
use crate::record::{Reader, Writer};

/// Seconds that an attempt lives.
pub const LIFETIME: u32 = 600;
const VERSION: &str = "transaction 1";

/// One attempt to sign in. Holds secrets: never shown, never logged.
pub struct Transaction {
    /// The connection's revision, which covers everything in it.
    pub revision: String,
    /// To be found in the ID token.
    pub nonce: String,
    /// PKCE's `code_verifier`.
    pub verifier: String,
    /// The host's own.
    pub return_to: Option<String>,
    /// Whether the callback must carry `iss` (RFC 9207 section 2.4).
    pub response_issuer: bool,
    /// Whether `prompt=none` was asked for.
    pub silent: bool,
    /// From this second on it is as if it had never been.
    pub expires: u64,
}

/// The storage key: whoever lacks one of the three parts finds nothing.
#[must_use]
pub fn key(connection: &Connection, state: &str, browser_binding: &str) -> [u8; 32] {
    Writer::new("transaction key 1")
        .text(&connection.id)
        .text(state)
        .text(browser_binding)
        .digest()
}

/// The public name of the attempt with this `state`: 22 characters of base64url, from which `state` cannot be had.
#[must_use]
pub fn handle(state: &str) -> String {
    let digest = Sha256::digest(Writer::new("handle 1").text(state).finish());
    let (name, _) = digest.split_at(16);
    base64url::encode(name)
}

impl Transaction {
    /// The form for storage, with its version.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        Writer::new(VERSION)
            .text(&self.revision)
            .text(&self.nonce)
            .text(&self.verifier)
            .optional(self.return_to.as_deref())
            .flag(self.response_issuer)
            .flag(self.silent)
            .number(self.expires)
            .finish()
    }

    /// Reads [`Self::to_record`]'s form; none for any other, such as that of another version.
    #[must_use]
    pub fn from_record(record: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(record, VERSION)?;
        let transaction = Self {
            revision: reader.text()?.to_owned(),
            nonce: reader.text()?.to_owned(),
            verifier: reader.text()?.to_owned(),
            return_to: reader.optional()?.map(str::to_owned),
            response_issuer: reader.flag()?,
            silent: reader.flag()?,
            expires: reader.number()?,
        };
        reader.is_empty().then_some(transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_22_characters_and_depends_on_state_alone() {
        let state = base64url::encode(&[1; 32]);
        assert_eq!(handle(&state).len(), 22);
        assert_eq!(handle(&state), handle(&state));
        assert_ne!(handle(&state), handle(&base64url::encode(&[2; 32])));
    }

    #[test]
    fn the_stored_form_is_read_back_whole_or_not_at_all() {
        let transaction = Transaction {
            revision: "r".into(),
            nonce: "n".into(),
            verifier: "v".into(),
            return_to: Some("/".into()),
            response_issuer: true,
            silent: false,
            expires: 7,
        };
        let record = transaction.to_record();
        let read = Transaction::from_record(&record).unwrap();
        assert_eq!(read.to_record(), record);
        let shorter = record.get(..record.len() - 1).unwrap();
        assert!(Transaction::from_record(shorter).is_none());
        assert!(Transaction::from_record(&[record.as_slice(), &[0]].concat()).is_none());
    }
}
