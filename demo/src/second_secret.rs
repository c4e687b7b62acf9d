//! A second client secret beside the one of a connection in use, while it is replaced in Okta: two may be active there.
//!
//! What was in use stays as the second when another secret is put into use. A sign-in that Okta refuses with the first
//! goes on with the second, which then becomes the first; an administrator removes the one that is over.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_host::Secret;
use sqlx::{AnyConnection, AnyExecutor};

use crate::connections::{self, Saved, Sealed};
use crate::seal::{NotSealedHere, Seal};
use crate::token::NoRandomness;

/// Why secrets could not be changed about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecondSecretError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    NotSealedHere(#[from] NotSealedHere),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// The settings with the second secret in the place of the first; none when there is no second.
pub(crate) async fn beside(
    db: impl AnyExecutor<'_>,
    first: &Saved,
) -> Result<Option<Saved>, sqlx::Error> {
    let row: Option<(Vec<u8>, Option<i64>)> =
        sqlx::query_as("SELECT secret, set_at FROM second_secrets WHERE connection_id = $1")
            .bind(&first.id)
            .fetch_optional(db)
            .await?;
    Ok(row.map(|(secret, secret_set_at)| Saved {
        secret: Sealed::stored(secret),
        secret_set_at,
        ..first.clone()
    }))
}

/// Keeps as the second, beside the settings that were just put into use, the latest other secret of those before. None is
/// kept of another issuer or client ID.
pub(crate) async fn keep(
    db: &mut AnyConnection,
    seal: &Seal,
    before: Option<&Saved>,
    now: &Saved,
) -> Result<(), SecondSecretError> {
    let mut kept = None;
    if let Some(before) = before
        && (&before.issuer, &before.client_id) == (&now.issuer, &now.client_id)
    {
        let used = now.client_secret(seal)?;
        for one in [Some(before.clone()), beside(&mut *db, before).await?] {
            let Some(one) = one.filter(|one| one.secret.is_set()) else {
                continue;
            };
            // One that was sealed under another key is of no use to a sign-in, and no reason to refuse the new one.
            let Ok(secret) = one.client_secret(seal) else {
                tracing::warn!(
                    connection = one.id,
                    "a client secret before cannot be opened, and is not kept"
                );
                continue;
            };
            if exposed(&secret) != exposed(&used) {
                kept = Some(one);
                break;
            }
        }
    }
    match kept {
        Some(second) => put(db, &second).await?,
        None => forget(db, &now.id).await?,
    }
    Ok(())
}

/// Okta refused the first secret and took this one. If it is the second, it becomes the first; false when it is the first
/// already, since of several sign-ins at once each comes here.
pub(crate) async fn promote(
    db: &mut AnyConnection,
    seal: &Seal,
    first: &Saved,
    taken: &Secret,
) -> Result<bool, SecondSecretError> {
    let Some(second) = beside(&mut *db, first).await? else {
        return Ok(false);
    };
    let secret = second.client_secret(seal)?;
    let secret = exposed(&secret).unwrap_or_default();
    if verify_slices_are_equal(secret.as_bytes(), taken.expose().as_bytes()).is_err() {
        return Ok(false);
    }
    connections::set_secret(&mut *db, &second).await?;
    put(db, first).await?;
    Ok(true)
}

/// Takes one of two secrets away, named by [`name`]; the other is used alone. False when there are no two, or neither is it.
pub(crate) async fn remove(
    db: &mut AnyConnection,
    first: &Saved,
    named: &str,
) -> Result<bool, sqlx::Error> {
    let Some(second) = beside(&mut *db, first).await? else {
        return Ok(false);
    };
    if named == name(first) {
        connections::set_secret(&mut *db, &second).await?;
    } else if named != name(&second) {
        return Ok(false);
    }
    forget(db, &first.id).await?;
    Ok(true)
}

/// What a page calls the secret of these settings: it tells nothing about it, and stays with it whichever of two it is.
pub(crate) fn name(settings: &Saved) -> String {
    let sealed = settings.secret.sealed().unwrap_or_default();
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, sealed))
}

fn exposed(secret: &Option<Secret>) -> Option<&str> {
    secret.as_ref().map(Secret::expose)
}

/// Makes this the second secret of its connection, in the place of another.
pub(crate) async fn put(db: &mut AnyConnection, second: &Saved) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO second_secrets (connection_id, secret, set_at) VALUES ($1, $2, $3)
         ON CONFLICT (connection_id) DO UPDATE SET secret = excluded.secret, set_at = excluded.set_at",
    )
    .bind(&second.id)
    .bind(second.secret.sealed())
    .bind(second.secret_set_at)
    .execute(db)
    .await?;
    Ok(())
}

/// There is no second secret any more.
pub(crate) async fn forget(db: &mut AnyConnection, connection_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM second_secrets WHERE connection_id = $1")
        .bind(connection_id)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use okta_sso_host::contract::EmailRule;

    use super::*;
    use crate::database;
    use crate::tenants::{self, Tenant};

    fn saved(seal: &Seal, client_id: &str, secret: &str, at: i64) -> Saved {
        let id = Saved::id_of("acme");
        Saved {
            secret: Sealed::new(seal.by_first(), "acme", &id, secret).unwrap(),
            id,
            tenant: "acme".to_owned(),
            enabled: true,
            issuer: "https://acme.okta.com".to_owned(),
            client_id: client_id.to_owned(),
            secret_set_at: Some(at),
            client_key: None,
            email_rule: EmailRule::Exact,
        }
    }

    /// A connection as it is put into use, again and again.
    struct Connection {
        db: sqlx::pool::PoolConnection<sqlx::Any>,
        seal: Seal,
    }

    impl Connection {
        async fn new() -> Self {
            let db = database::fresh().await;
            let tenant = Tenant {
                id: "acme".to_owned(),
                name: "Acme".to_owned(),
            };
            assert!(tenants::add(&db, &tenant).await.unwrap());
            let seal = Seal::settled(&db).await;
            Self {
                db: db.acquire().await.unwrap(),
                seal,
            }
        }

        async fn first(&mut self) -> Saved {
            let found = connections::of_tenant(&mut *self.db, "acme").await;
            found.unwrap().unwrap()
        }

        async fn put_into_use(&mut self, client_id: &str, secret: &str, at: i64) {
            let before = connections::of_tenant(&mut *self.db, "acme").await.unwrap();
            let now = saved(&self.seal, client_id, secret, at);
            connections::put(&mut *self.db, &now).await.unwrap();
            keep(&mut self.db, &self.seal, before.as_ref(), &now)
                .await
                .unwrap();
        }

        /// What Okta is asked with, in order.
        async fn secrets(&mut self) -> Vec<(String, i64)> {
            let first = self.first().await;
            let second = beside(&mut *self.db, &first).await.unwrap();
            let open = |saved: Saved| {
                let secret = saved.client_secret(&self.seal).unwrap().unwrap();
                (secret.expose().to_owned(), saved.secret_set_at.unwrap())
            };
            [Some(first), second]
                .into_iter()
                .flatten()
                .map(open)
                .collect()
        }

        async fn promote(&mut self, taken: &str) -> bool {
            let first = self.first().await;
            let taken = Secret::new(taken.to_owned());
            promote(&mut self.db, &self.seal, &first, &taken)
                .await
                .unwrap()
        }
    }

    fn pairs(secrets: &[(&str, i64)]) -> Vec<(String, i64)> {
        let owned = |&(secret, at): &(&str, i64)| (secret.to_owned(), at);
        secrets.iter().map(owned).collect()
    }

    #[tokio::test]
    async fn what_was_used_last_stays_as_the_second() {
        let mut acme = Connection::new().await;
        acme.put_into_use("client", "one", 1).await;
        assert_eq!(acme.secrets().await, pairs(&[("one", 1)]));
        acme.put_into_use("client", "two", 2).await;
        assert_eq!(acme.secrets().await, pairs(&[("two", 2), ("one", 1)]));
        // The same secret with other settings.
        acme.put_into_use("client", "two", 3).await;
        assert_eq!(acme.secrets().await, pairs(&[("two", 3), ("one", 1)]));
        acme.put_into_use("client", "three", 4).await;
        assert_eq!(acme.secrets().await, pairs(&[("three", 4), ("two", 3)]));
        // Back to what is the second.
        acme.put_into_use("client", "two", 5).await;
        assert_eq!(acme.secrets().await, pairs(&[("two", 5), ("three", 4)]));
        // A secret goes to no other client.
        acme.put_into_use("another", "two", 6).await;
        assert_eq!(acme.secrets().await, pairs(&[("two", 6)]));
    }

    #[tokio::test]
    async fn the_second_becomes_the_first_once() {
        let mut acme = Connection::new().await;
        acme.put_into_use("client", "one", 1).await;
        assert!(!acme.promote("one").await);
        acme.put_into_use("client", "two", 2).await;
        assert!(!acme.promote("two").await, "it is the first already");
        assert!(!acme.promote("three").await);
        assert!(acme.promote("one").await);
        assert!(!acme.promote("one").await);
        assert_eq!(acme.secrets().await, pairs(&[("one", 1), ("two", 2)]));
    }

    #[tokio::test]
    async fn one_of_two_is_removed_whichever_it_has_become() {
        let mut acme = Connection::new().await;
        acme.put_into_use("client", "one", 1).await;
        let one = name(&acme.first().await);
        let only = acme.first().await;
        assert!(!remove(&mut acme.db, &only, &one).await.unwrap());
        acme.put_into_use("client", "two", 2).await;
        let first = acme.first().await;
        assert!(!remove(&mut acme.db, &first, "another").await.unwrap());
        assert!(acme.promote("one").await);
        let first = acme.first().await;
        assert_eq!(name(&first), one, "by the same name");
        assert!(remove(&mut acme.db, &first, &one).await.unwrap());
        assert_eq!(acme.secrets().await, pairs(&[("two", 2)]));
        let last = acme.first().await;
        assert!(!remove(&mut acme.db, &last, &name(&last)).await.unwrap());
        assert_eq!(acme.secrets().await, pairs(&[("two", 2)]));
    }
}
