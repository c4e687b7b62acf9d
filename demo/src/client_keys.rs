//! Keys of the product's own, by which a company's connection proves itself to Okta: *Public key / Private key* there.
//!
//! A company has two at most, so that a new one is known to Okta before it is used. The public halves of both are served.

use okta_sso_host::{ClientKey, CredentialError};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyExecutor, FromRow, Row as _};

use crate::seal::{NotSealedHere, Place, Seal, SealingKey};
use crate::token::NoRandomness;

/// Of one company.
pub(crate) const MOST: usize = 2;

/// A key as it is stored. Has no `Debug`: a private half is in it, sealed as it is.
pub(crate) struct StoredKey {
    /// The thumbprint of the public half: `kid`.
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) made_at: i64,
    /// A JSON Web Key.
    pub(crate) public: String,
    sealed: Vec<u8>,
}

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Key(#[from] CredentialError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl StoredKey {
    /// Where the private half is sealed for.
    pub(crate) fn place(&self) -> Place<'_> {
        Place::ClientKey {
            tenant: &self.tenant,
            id: &self.id,
        }
    }

    /// The private half as it stands in the table.
    pub(crate) fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// The whole key. Fails when the row was moved here from another company.
    pub(crate) fn open(&self, seal: &Seal) -> Result<ClientKey, NotSealedHere> {
        let pkcs8 = seal.open(self.place(), &self.sealed)?;
        ClientKey::from_pkcs8(&pkcs8).map_err(|_| NotSealedHere)
    }
}

impl FromRow<'_, AnyRow> for StoredKey {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            made_at: row.try_get("made_at")?,
            public: row.try_get("public")?,
            sealed: row.try_get("pkcs8")?,
        })
    }
}

/// Those of all companies.
pub(crate) async fn all(db: impl AnyExecutor<'_>) -> Result<Vec<StoredKey>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM client_keys ORDER BY id")
        .fetch_all(db)
        .await
}

/// A company's keys, oldest first.
pub(crate) async fn of_tenant(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Vec<StoredKey>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM client_keys WHERE tenant = $1 ORDER BY made_at, id")
        .bind(tenant)
        .fetch_all(db)
        .await
}

/// A company's key with this id.
pub(crate) async fn find(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    id: &str,
) -> Result<Option<StoredKey>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM client_keys WHERE tenant = $1 AND id = $2")
        .bind(tenant)
        .bind(id)
        .fetch_optional(db)
        .await
}

/// The public halves of a company's keys, as Okta reads them (RFC 7517 section 5). Without a company the set is empty:
/// who exists is not told.
pub(crate) async fn public_set(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Value, sqlx::Error> {
    let keys = of_tenant(db, tenant).await?;
    let keys = keys.iter().map(|key| serde_json::from_str(&key.public));
    let keys: Result<Vec<Value>, _> = keys.collect();
    let keys = keys.map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(serde_json::json!({ "keys": keys }))
}

/// Makes a key and answers with its id.
pub(crate) async fn make(
    db: impl AnyExecutor<'_>,
    sealing: SealingKey<'_>,
    tenant: &str,
    now: i64,
) -> Result<String, MakeError> {
    let key = ClientKey::generate()?;
    let place = Place::ClientKey {
        tenant,
        id: key.id(),
    };
    sqlx::query(
        "INSERT INTO client_keys (id, tenant, pkcs8, public, made_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(key.id())
    .bind(tenant)
    .bind(sealing.seal(place, key.pkcs8())?)
    .bind(key.public_jwk().to_string())
    .bind(now)
    .execute(db)
    .await?;
    Ok(key.id().to_owned())
}

/// Keeps a private half that was sealed anew.
pub(crate) async fn set_sealed(
    db: impl AnyExecutor<'_>,
    id: &str,
    sealed: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE client_keys SET pkcs8 = $1 WHERE id = $2")
        .bind(sealed)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes a key away, and with it what its connection or draft proves itself by.
pub(crate) async fn forget(db: &mut AnyConnection, id: &str) -> Result<(), sqlx::Error> {
    for statement in [
        "UPDATE connections SET client_key = NULL WHERE client_key = $1",
        "UPDATE drafts SET client_key = NULL WHERE client_key = $1",
        "DELETE FROM client_keys WHERE id = $1",
    ] {
        sqlx::query(statement).bind(id).execute(&mut *db).await?;
    }
    Ok(())
}

/// Removes a company's key that neither its connection nor its draft uses; false when there is none.
pub(crate) async fn remove(
    db: &mut AnyConnection,
    tenant: &str,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM client_keys WHERE tenant = $1 AND id = $2
         AND NOT EXISTS (SELECT 1 FROM connections WHERE client_key = $2)
         AND NOT EXISTS (SELECT 1 FROM drafts WHERE client_key = $2)",
    )
    .bind(tenant)
    .bind(id)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;
    use crate::tenants::{self, Tenant};

    #[tokio::test]
    async fn a_private_half_opens_in_its_own_row_only() {
        let db = database::fresh().await;
        for id in ["acme", "globex"] {
            let (id, name) = (id.to_owned(), id.to_owned());
            assert!(tenants::add(&db, &Tenant { id, name }).await.unwrap());
        }
        let seal = Seal::of(&[7]);
        let id = make(&db, seal.by_first(), "acme", 1).await.unwrap();
        let stored = find(&db, "acme", &id).await.unwrap().unwrap();
        let key = stored.open(&seal).unwrap();
        assert_eq!(key.id(), id);
        assert_eq!(key.public_jwk().to_string(), stored.public);
        assert!(find(&db, "globex", &id).await.unwrap().is_none());
        // MT-28: the row of one tenant given to another.
        let moved = "UPDATE client_keys SET tenant = 'globex'";
        sqlx::query(moved).execute(&db).await.unwrap();
        let moved = find(&db, "globex", &id).await.unwrap().unwrap();
        assert_eq!(moved.open(&seal).err(), Some(NotSealedHere));
    }
}
