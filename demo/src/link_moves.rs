//! When a provider's issuer changes for good, the operator moves a tenant's links to the new one, and can move them back.

use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, AnyPool, FromRow, Row as _};

use crate::activation::Cause;
use crate::database;
use crate::{history, token};

/// One change of issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) id: String,
    pub(crate) from_issuer: String,
    pub(crate) to_issuer: String,
    pub(crate) moved: i64,
    pub(crate) moved_by: String,
    pub(crate) moved_at: i64,
    pub(crate) undone_at: Option<i64>,
}

impl FromRow<'_, AnyRow> for Move {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            from_issuer: row.try_get("from_issuer")?,
            to_issuer: row.try_get("to_issuer")?,
            moved: row.try_get("moved")?,
            moved_by: row.try_get("moved_by")?,
            moved_at: row.try_get("moved_at")?,
            undone_at: row.try_get("undone_at")?,
        })
    }
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkMoveError {
    #[error("no account is tied to that issuer")]
    Nothing,
    /// Somebody is tied to the same subject at both issuers: which account is theirs is not for us to guess.
    #[error("a person is tied at both issuers; unlink one of the two accounts first")]
    Conflict,
    /// A later move has its links, or nobody has.
    #[error(
        "nobody is tied any more as this move left them: they were moved again since, or unlinked"
    )]
    Superseded,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    NoRandomness(#[from] token::NoRandomness),
}

/// The issuers that a tenant's links name, with how many each.
pub(crate) async fn issuers(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT issuer, COUNT(*) FROM links WHERE tenant = $1 GROUP BY issuer ORDER BY issuer",
    )
    .bind(tenant)
    .fetch_all(db)
    .await
}

/// Those of them that are not this issuer: their people cannot come in by it until the ties are moved.
pub(crate) async fn other_issuers(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    issuer: &str,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let mut all = issuers(db, tenant).await?;
    all.retain(|(one, _)| one != issuer);
    Ok(all)
}

/// The issuer that a user is tied to.
pub(crate) async fn issuer_of(
    db: impl AnyExecutor<'_>,
    user_id: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT issuer FROM links WHERE user_id = $1")
        .bind(user_id)
        .fetch_optional(db)
        .await
}

/// All of a tenant, latest first.
pub(crate) async fn of_tenant(db: &AnyPool, tenant: &str) -> Result<Vec<Move>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM link_moves WHERE tenant = $1 ORDER BY moved_at DESC, id LIMIT 20")
        .bind(tenant)
        .fetch_all(db)
        .await
}

/// Moves every link of `from` to `to`; all or none.
pub(crate) async fn carry_out(
    db: &AnyPool,
    tenant: &str,
    (from, to): (&str, &str),
    cause: Cause<'_>,
) -> Result<i64, LinkMoveError> {
    let mut write = database::write(db).await?;
    let conflict: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM links AS one JOIN links AS other
         ON one.tenant = other.tenant AND one.subject = other.subject
         WHERE one.tenant = $1 AND one.issuer = $2 AND other.issuer = $3 LIMIT 1",
    )
    .bind(tenant)
    .bind(from)
    .bind(to)
    .fetch_optional(&mut *write)
    .await?;
    if conflict.is_some() {
        return Err(LinkMoveError::Conflict);
    }
    let moved: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM links WHERE tenant = $1 AND issuer = $2")
            .bind(tenant)
            .bind(from)
            .fetch_one(&mut *write)
            .await?;
    if moved == 0 {
        return Err(LinkMoveError::Nothing);
    }
    let id = token::name()?;
    sqlx::query(
        "INSERT INTO link_moves (id, tenant, from_issuer, to_issuer, moved, moved_by, moved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(tenant)
    .bind(from)
    .bind(to)
    .bind(moved)
    .bind(cause.actor)
    .bind(cause.now)
    .execute(&mut *write)
    .await?;
    sqlx::query("UPDATE links SET issuer = $1, move_id = $2 WHERE tenant = $3 AND issuer = $4")
        .bind(to)
        .bind(&id)
        .bind(tenant)
        .bind(from)
        .execute(&mut *write)
        .await?;
    let detail = format!("{moved} from {from} to {to}");
    history::record_in(
        &mut write,
        tenant,
        &cause.event("operator/links-moved", &detail),
    )
    .await?;
    write.commit().await?;
    Ok(moved)
}

/// Takes a move back: the links that it moved and that are still where it put them.
pub(crate) async fn undo(
    db: &AnyPool,
    tenant: &str,
    id: &str,
    cause: Cause<'_>,
) -> Result<u64, LinkMoveError> {
    let mut write = database::write(db).await?;
    let from: Option<String> = sqlx::query_scalar(
        "UPDATE link_moves SET undone_at = $1 WHERE tenant = $2 AND id = $3 AND undone_at IS NULL
         RETURNING from_issuer",
    )
    .bind(cause.now)
    .bind(tenant)
    .bind(id)
    .fetch_optional(&mut *write)
    .await?;
    let from = from.ok_or(LinkMoveError::Nothing)?;
    let conflict: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM links AS one JOIN links AS other
         ON one.tenant = other.tenant AND one.subject = other.subject
         WHERE one.tenant = $1 AND one.move_id = $2 AND other.issuer = $3 LIMIT 1",
    )
    .bind(tenant)
    .bind(id)
    .bind(&from)
    .fetch_optional(&mut *write)
    .await?;
    if conflict.is_some() {
        return Err(LinkMoveError::Conflict);
    }
    let back = sqlx::query(
        "UPDATE links SET issuer = $1, move_id = NULL WHERE tenant = $2 AND move_id = $3",
    )
    .bind(&from)
    .bind(tenant)
    .bind(id)
    .execute(&mut *write)
    .await?
    .rows_affected();
    if back == 0 {
        return Err(LinkMoveError::Superseded);
    }
    let detail = format!("{back} back to {from}");
    history::record_in(
        &mut write,
        tenant,
        &cause.event("operator/links-moved-back", &detail),
    )
    .await?;
    write.commit().await?;
    Ok(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{self, User};
    use crate::tenants::{self, Tenant};

    const CAUSE: Cause<'static> = Cause {
        actor: "operator",
        correlation_id: "request",
        now: 1,
    };

    /// Acme with Anna tied to `one`.
    async fn acme() -> AnyPool {
        let db = database::fresh().await;
        let tenant = Tenant {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
        };
        assert!(tenants::add(&db, &tenant).await.unwrap());
        link(&db, "anna", "one", "sub-anna").await;
        db
    }

    async fn link(db: &AnyPool, id: &str, issuer: &str, subject: &str) {
        let user = User {
            id: id.to_owned(),
            tenant: "acme".to_owned(),
            email: format!("{id}@a.com"),
            name: id.to_owned(),
            administrator: false,
            disabled: false,
        };
        assert!(accounts::add(db, &user, None).await.unwrap());
        sqlx::query(
            "INSERT INTO links (tenant, connection_id, issuer, subject, user_id, pinned_at, email_seen)
             VALUES ('acme', 'okta-acme', $1, $2, $3, 1, '')",
        )
        .bind(issuer)
        .bind(subject)
        .bind(id)
        .execute(db)
        .await
        .unwrap();
    }

    /// The latest move: the links bear its mark.
    async fn latest(db: &AnyPool) -> String {
        let id = "SELECT move_id FROM links WHERE move_id IS NOT NULL LIMIT 1";
        sqlx::query_scalar(id).fetch_one(db).await.unwrap()
    }

    #[tokio::test]
    async fn a_move_that_was_followed_by_another_is_not_said_to_be_undone() {
        let db = acme().await;
        carry_out(&db, "acme", ("one", "two"), CAUSE).await.unwrap();
        let first = latest(&db).await;
        carry_out(&db, "acme", ("two", "three"), CAUSE)
            .await
            .unwrap();
        let undone = undo(&db, "acme", &first, CAUSE).await;
        assert!(matches!(undone, Err(LinkMoveError::Superseded)));
        let moves = of_tenant(&db, "acme").await.unwrap();
        assert!(moves.iter().all(|one| one.undone_at.is_none()));
        let second = latest(&db).await;
        assert_eq!(undo(&db, "acme", &second, CAUSE).await.unwrap(), 1);
        let now = issuers(&db, "acme").await.unwrap();
        assert_eq!(now, [("two".to_owned(), 1)]);
    }

    /// The same subject was tied at the former issuer since.
    #[tokio::test]
    async fn a_move_back_onto_another_link_is_a_conflict() {
        let db = acme().await;
        carry_out(&db, "acme", ("one", "two"), CAUSE).await.unwrap();
        link(&db, "bo", "one", "sub-anna").await;
        let undone = undo(&db, "acme", &latest(&db).await, CAUSE).await;
        assert!(matches!(undone, Err(LinkMoveError::Conflict)));
        let moved = carry_out(&db, "acme", ("two", "one"), CAUSE).await;
        assert!(matches!(moved, Err(LinkMoveError::Conflict)));
    }
}
