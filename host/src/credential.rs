//! The client's own credential, which never enters the sandbox.

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

/// Holds client secrets, by connection.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The secret of this connection's client; `None` when there is none.
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError>;
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
