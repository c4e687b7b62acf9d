//! What tenants ask the operator for: to have a domain confirmed as theirs.

use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, AnyPool, FromRow, Row as _};

/// One tenant's wish for one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) tenant: String,
    pub(crate) domain: String,
    /// An administrator's e-mail.
    pub(crate) requested_by: String,
    pub(crate) requested_at: i64,
    /// When the operator said no, and why.
    pub(crate) refused: Option<(i64, String)>,
}

impl FromRow<'_, AnyRow> for Request {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let refused_at: Option<i64> = row.try_get("refused_at")?;
        let reason: String = row.try_get("reason")?;
        Ok(Self {
            tenant: row.try_get("tenant")?,
            domain: row.try_get("domain")?,
            requested_by: row.try_get("requested_by")?,
            requested_at: row.try_get("requested_at")?,
            refused: refused_at.map(|at| (at, reason)),
        })
    }
}

/// Asks, or asks again after a refusal.
pub(crate) async fn make(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
    by: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO domain_requests (tenant, domain, requested_by, requested_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, domain) DO UPDATE SET
            requested_by = excluded.requested_by, requested_at = excluded.requested_at,
            refused_at = NULL, reason = ''
         WHERE domain_requests.refused_at IS NOT NULL",
    )
    .bind(tenant)
    .bind(domain)
    .bind(by)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// All of a tenant, by domain.
pub(crate) async fn of_tenant(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Vec<Request>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM domain_requests WHERE tenant = $1 ORDER BY domain")
        .bind(tenant)
        .fetch_all(db)
        .await
}

/// Those that wait for the operator, oldest first.
pub(crate) async fn open(db: &AnyPool) -> Result<Vec<Request>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM domain_requests WHERE refused_at IS NULL ORDER BY requested_at, domain LIMIT 200",
    )
    .fetch_all(db)
    .await
}

/// How many wait for the operator.
pub(crate) async fn waiting(db: &AnyPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM domain_requests WHERE refused_at IS NULL")
        .fetch_one(db)
        .await
}

/// Whether a tenant's wish for a domain waits for the operator.
pub(crate) async fn is_open(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
) -> Result<bool, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM domain_requests WHERE tenant = $1 AND domain = $2 AND refused_at IS NULL",
    )
    .bind(tenant)
    .bind(domain)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Says no, with a reason for the tenant's administrators; false when nothing was waiting.
pub(crate) async fn refuse(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
    reason: &str,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE domain_requests SET refused_at = $1, reason = $2
         WHERE tenant = $3 AND domain = $4 AND refused_at IS NULL",
    )
    .bind(now)
    .bind(reason)
    .bind(tenant)
    .bind(domain)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a request: it was granted, or withdrawn. False when there was none.
pub(crate) async fn close(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM domain_requests WHERE tenant = $1 AND domain = $2")
        .bind(tenant)
        .bind(domain)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
