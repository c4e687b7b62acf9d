//! The client's own credential, which never enters the sandbox.

mod authenticate;
mod key;

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

pub(crate) use authenticate::send;
pub use key::ClientKey;

/// Holds the credentials of clients, by connection.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The secret of this connection's client; `None` when there is none.
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError>;

    /// A second secret, while one is being replaced at the provider. Asked for only when the provider has
    /// answered `invalid_client` to the first.
    async fn other_client_secret(
        &self,
        _connection_id: &str,
    ) -> Result<Option<Secret>, CredentialError> {
        Ok(None)
    }

    /// The provider refused the first secret and took this one: time to make it the first. Of several sign-ins at once
    /// each says so.
    async fn other_client_secret_was_taken(&self, _connection_id: &str, _taken: &Secret) {}

    /// The key of this connection's client, for `private_key_jwt`; `None` when there is none.
    async fn client_key(&self, _connection_id: &str) -> Result<Option<ClientKey>, CredentialError> {
        Ok(None)
    }
}

/// The credential could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client's credential cannot be read")]
pub struct CredentialError;

/// A secret text: wiped when dropped, shown by nothing.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("canary".to_owned())), "Secret");
    }
}
