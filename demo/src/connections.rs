//! One tenant's Okta connection as its administrator saved it, and whether people sign in through it.

use okta_sso_host::Secret;
use okta_sso_host::contract::EmailRule;
use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, FromRow, Row as _};

use crate::database;
use crate::seal::{NotSealedHere, Place, Seal, SealingKey};

/// What is stored. The contract's own record is made from it by the plugin's `config.check`, whenever it is needed.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) id: String,
    pub(crate) tenant: String,
    /// "Use Okta for single sign-on".
    pub(crate) enabled: bool,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) secret: Sealed,
    pub(crate) secret_set_at: Option<i64>,
    /// The key that proves the client, by its id; none where the client secret does.
    pub(crate) client_key: Option<String>,
    pub(crate) email_rule: EmailRule,
}

/// A client secret as stored, if there is one. Shows nothing of itself.
#[derive(Clone)]
pub(crate) struct Sealed(Option<Vec<u8>>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Sealed(set)"
        } else {
            "Sealed(none)"
        })
    }
}

/// Why settings could not be given another id.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MoveError {
    #[error(transparent)]
    NotSealedHere(#[from] NotSealedHere),
    #[error(transparent)]
    NoRandomness(#[from] crate::token::NoRandomness),
}

impl Sealed {
    /// Seals a secret for one connection of one tenant.
    pub(crate) fn new(
        key: SealingKey<'_>,
        tenant: &str,
        connection: &str,
        secret: &str,
    ) -> Result<Self, crate::token::NoRandomness> {
        let place = Place::ClientSecret { tenant, connection };
        Ok(Self(Some(key.seal(place, secret.as_bytes())?)))
    }

    /// As it stood in a table.
    pub(crate) fn stored(sealed: Vec<u8>) -> Self {
        Self(Some(sealed))
    }

    /// No secret yet.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// As it stands in the table.
    pub(crate) fn sealed(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// Whether there is one.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl Saved {
    /// The id that a tenant's only connection has for ever.
    pub(crate) fn id_of(tenant: &str) -> String {
        format!("okta-{tenant}")
    }

    /// Whose only connection has this id.
    pub(crate) fn tenant_of(id: &str) -> Option<&str> {
        id.strip_prefix("okta-")
    }

    /// Whether the settings have what proves the client.
    pub(crate) fn has_credential(&self) -> bool {
        self.secret.is_set() || self.client_key.is_some()
    }

    /// The e-mail rule as the tables spell it.
    pub(crate) fn rule_name(&self) -> &'static str {
        match self.email_rule {
            EmailRule::Exact => "exact",
            EmailRule::AsciiCaseInsensitive => "ascii-case-insensitive",
        }
    }

    /// The same settings under another id, their secret sealed for it. Fails when the secret does not belong here.
    pub(crate) fn moved_to(self, id: String, key: SealingKey<'_>) -> Result<Self, MoveError> {
        let secret = match self.client_secret(key.seal)? {
            Some(secret) => Sealed::new(key, &self.tenant, &id, secret.expose())?,
            None => Sealed::none(),
        };
        Ok(Self { id, secret, ..self })
    }

    /// The same, without a secret that does not belong here: whoever goes on from these settings enters it again.
    pub(crate) fn copied_to(self, id: String, key: SealingKey<'_>) -> Result<Self, MoveError> {
        match self.clone().moved_to(id.clone(), key) {
            Err(MoveError::NotSealedHere(_)) => {
                tracing::error!(
                    connection = self.id,
                    "a stored secret does not open; left out"
                );
                Ok(Self {
                    id,
                    secret: Sealed::none(),
                    secret_set_at: None,
                    ..self
                })
            }
            copied => copied,
        }
    }

    /// The client secret in the clear; none when none was saved. Fails when the row was moved here from another tenant.
    pub(crate) fn client_secret(&self, seal: &Seal) -> Result<Option<Secret>, NotSealedHere> {
        let Some((place, sealed)) = self.sealed_secret() else {
            return Ok(None);
        };
        let secret = seal.open(place, sealed)?;
        let secret = std::str::from_utf8(&secret).map_err(|_| NotSealedHere)?;
        Ok(Some(Secret::new(secret.to_owned())))
    }

    /// The client secret as it is stored, and where it belongs.
    pub(crate) fn sealed_secret(&self) -> Option<(Place<'_>, &[u8])> {
        let place = Place::ClientSecret {
            tenant: &self.tenant,
            connection: &self.id,
        };
        Some((place, self.secret.sealed()?))
    }
}

impl FromRow<'_, AnyRow> for Saved {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let rule: &str = row.try_get("email_rule")?;
        Ok(Self {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            enabled: database::flag(row, "enabled")?,
            issuer: row.try_get("issuer")?,
            client_id: row.try_get("client_id")?,
            secret: Sealed(row.try_get("secret")?),
            secret_set_at: row.try_get("secret_set_at")?,
            client_key: row.try_get("client_key")?,
            email_rule: match rule {
                "ascii-case-insensitive" => EmailRule::AsciiCaseInsensitive,
                _ => EmailRule::Exact,
            },
        })
    }
}

/// By its id.
pub(crate) async fn find(db: impl AnyExecutor<'_>, id: &str) -> Result<Option<Saved>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM connections WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Those of all tenants.
pub(crate) async fn all(db: impl AnyExecutor<'_>) -> Result<Vec<Saved>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM connections ORDER BY id")
        .fetch_all(db)
        .await
}

/// The one of a tenant.
pub(crate) async fn of_tenant(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Option<Saved>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM connections WHERE tenant = $1")
        .bind(tenant)
        .fetch_optional(db)
        .await
}

/// Takes a tenant's connection away.
pub(crate) async fn remove(db: impl AnyExecutor<'_>, tenant: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM connections WHERE tenant = $1")
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(())
}

/// The fingerprint of the draft that a tenant's connection was put into use from; none where nobody knows of one.
pub(crate) async fn tested(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar("SELECT tested FROM connections WHERE tenant = $1")
        .bind(tenant)
        .fetch_optional(db)
        .await?;
    Ok(found.flatten())
}

/// Notes the fingerprint of the draft that a tenant's connection was until now.
pub(crate) async fn note_tested(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    fingerprint: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE connections SET tested = $1 WHERE tenant = $2")
        .bind(fingerprint)
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives the connection with this id this secret.
pub(crate) async fn set_secret(db: impl AnyExecutor<'_>, saved: &Saved) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE connections SET secret = $1, secret_set_at = $2 WHERE id = $3")
        .bind(saved.secret.sealed())
        .bind(saved.secret_set_at)
        .bind(&saved.id)
        .execute(db)
        .await?;
    Ok(())
}

/// Makes or replaces a tenant's connection.
pub(crate) async fn put(db: impl AnyExecutor<'_>, saved: &Saved) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO connections (id, tenant, enabled, issuer, client_id, secret, secret_set_at, email_rule, client_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET
            enabled = excluded.enabled, issuer = excluded.issuer, client_id = excluded.client_id,
            secret = excluded.secret, secret_set_at = excluded.secret_set_at,
            email_rule = excluded.email_rule, client_key = excluded.client_key, tested = NULL",
    )
    .bind(&saved.id)
    .bind(&saved.tenant)
    .bind(i64::from(saved.enabled))
    .bind(&saved.issuer)
    .bind(&saved.client_id)
    .bind(saved.secret.sealed())
    .bind(saved.secret_set_at)
    .bind(saved.rule_name())
    .bind(&saved.client_key)
    .execute(db)
    .await?;
    Ok(())
}
