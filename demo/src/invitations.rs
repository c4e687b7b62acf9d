//! Invitations: the right of one existing user to be pinned to one subject, once.

use sqlx::AnyExecutor;

/// How long an invitation stays open: 30 days.
pub(crate) const LIFETIME: i64 = 30 * 24 * 60 * 60;

/// What an invitation is worth at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invitation {
    /// There is none, or it was used.
    None,
    Expired,
    Open,
}

impl Invitation {
    /// `expires` of an unused one.
    pub(crate) fn at(now: i64, expires: Option<i64>) -> Self {
        match expires {
            None => Self::None,
            Some(expires) if expires <= now => Self::Expired,
            Some(_) => Self::Open,
        }
    }
}

/// Opens an invitation, or opens an unused one anew. One that was used stays used.
pub(crate) async fn open(
    db: impl AnyExecutor<'_>,
    user_id: &str,
    expires: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO invitations (user_id, expires) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE SET expires = excluded.expires
         WHERE invitations.used_at IS NULL",
    )
    .bind(user_id)
    .bind(expires)
    .execute(db)
    .await?;
    Ok(())
}

/// Opens an invitation whatever became of the one before, for a user who is tied to nobody.
pub(crate) async fn renew(
    db: impl AnyExecutor<'_>,
    user_id: &str,
    expires: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO invitations (user_id, expires)
         SELECT id, $2 FROM users WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM links WHERE user_id = $1)
         ON CONFLICT (user_id) DO UPDATE SET expires = excluded.expires, used_at = NULL",
    )
    .bind(user_id)
    .bind(expires)
    .execute(db)
    .await?;
    Ok(())
}

/// Invites everybody of a tenant who has an account with a password: they were here before single sign-on was, however
/// long ago they were invited.
pub(crate) async fn open_for_password_users(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    expires: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO invitations (user_id, expires)
         SELECT id, $2 FROM users WHERE tenant = $1 AND disabled = 0 AND password IS NOT NULL
         ON CONFLICT (user_id) DO UPDATE SET expires = excluded.expires
         WHERE invitations.used_at IS NULL",
    )
    .bind(tenant)
    .bind(expires)
    .execute(db)
    .await?;
    Ok(())
}
