//! Passwords: Argon2id, off the runtime's threads, the same work whether the person exists or not.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// Longer ones are refused unread; nobody types them.
pub(crate) const MAX_LENGTH: usize = 256;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// Each verification takes 19 MiB for some milliseconds; a flood of guesses waits in line.
static SLOTS: Semaphore = Semaphore::const_new(4);

/// The hash that stands in for people who do not exist or have no password. Its own password is random and forgotten.
static NOBODY: LazyLock<Option<String>> =
    LazyLock::new(|| hash_now(&crate::token::secret().ok()?).ok());

/// A PHC string of Argon2id with the crate's defaults (19 MiB, two passes) and a random salt.
pub(crate) async fn hash(password: String) -> Result<String, HashError> {
    tokio::task::spawn_blocking(move || hash_now(&password))
        .await
        .map_err(|_| HashError)?
}

fn hash_now(password: &str) -> Result<String, HashError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|_| HashError)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one of `stored`. Without `stored` it works as long and says no.
pub(crate) async fn verify(password: &str, stored: Option<String>) -> bool {
    if password.len() > MAX_LENGTH {
        return false;
    }
    let Ok(_slot) = SLOTS.acquire().await else {
        return false;
    };
    tracing::trace!("a password is verified");
    let password = password.to_owned();
    let work = move || {
        let known = stored.is_some();
        let Some(text) = stored.or_else(|| NOBODY.clone()) else {
            return false;
        };
        let Ok(hash) = PasswordHash::new(&text) else {
            return false;
        };
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
            && known
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_verifies() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(verify("correct horse", Some(stored.clone())).await);
        assert!(!verify("correct horsE", Some(stored.clone())).await);
        assert!(!verify("", Some(stored)).await);
        assert!(!verify("correct horse", None).await);
        assert!(!verify("correct horse", Some("not a hash".to_owned())).await);
    }
}
