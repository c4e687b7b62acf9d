//! Operators: the people who run the product. They belong to no tenant, and their sessions are of another kind.

use sqlx::{AnyExecutor, AnyPool};

use crate::sessions::OpenError;
use crate::token;

/// How long an operator's session lasts: 2 hours.
pub(crate) const LIFETIME: i64 = 2 * 60 * 60;

/// An operator who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) name: String,
}

/// The hash of an operator's password; none for an unknown name.
pub(crate) async fn password_hash(db: &AnyPool, name: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT password FROM operators WHERE name = $1")
        .bind(name)
        .fetch_optional(db)
        .await
}

/// Opens a session under a fresh id and returns the cookie's value.
pub(crate) async fn open_session(
    db: impl AnyExecutor<'_>,
    name: &str,
    now: i64,
) -> Result<String, OpenError> {
    let cookie = token::secret()?;
    sqlx::query("INSERT INTO operator_sessions (id_hash, name, expires) VALUES ($1, $2, $3)")
        .bind(token::hash(&cookie))
        .bind(name)
        .bind(now + LIFETIME)
        .execute(db)
        .await?;
    Ok(cookie)
}

/// The operator of a live session.
pub(crate) async fn find_session(
    db: &AnyPool,
    cookie: &str,
    now: i64,
) -> Result<Option<Operator>, sqlx::Error> {
    let name = sqlx::query_scalar(
        "SELECT name FROM operator_sessions WHERE id_hash = $1 AND expires > $2",
    )
    .bind(token::hash(cookie))
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(name.map(|name| Operator { name }))
}

/// Ends the session of a cookie: whose it was, while it lasted.
pub(crate) async fn end_session(
    db: impl AnyExecutor<'_>,
    cookie: &str,
    now: i64,
) -> Result<Option<Operator>, sqlx::Error> {
    let ended: Option<(String, i64)> =
        sqlx::query_as("DELETE FROM operator_sessions WHERE id_hash = $1 RETURNING name, expires")
            .bind(token::hash(cookie))
            .fetch_optional(db)
            .await?;
    Ok(ended
        .filter(|(_, expires)| *expires > now)
        .map(|(name, _)| Operator { name }))
}
