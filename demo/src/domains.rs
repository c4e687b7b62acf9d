//! SSO domains: approved by the operator for one tenant, one issuer and one client id, and for nobody else.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyExecutor, AnyPool, FromRow, Row as _};

use crate::connections::{self, Saved};

/// One approval: a domain that the operator gave to a tenant, for one issuer and client id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Domain {
    /// Lower-case A-labels.
    pub(crate) domain: String,
    pub(crate) tenant: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    suspended: bool,
    pub(crate) approved_by: String,
    pub(crate) approved_at: i64,
}

/// What a domain is worth to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Approved,
    /// By the operator.
    Suspended,
    /// Approved for another issuer or client id than the connection has now.
    Outdated,
}

impl Domain {
    /// An approval is for exactly one issuer and client ID, and is never carried over to others.
    ///
    /// What the operator found out is that one provider speaks for the domain. If a change of the issuer kept the
    /// approval, an administrator could have a domain approved for the company's Okta and then put a provider of
    /// their own in its place, which vouches for whomever it likes.
    pub(crate) fn standing(&self, saved: &Saved) -> Standing {
        if self.is_suspended() {
            Standing::Suspended
        } else if self.is_for(saved) {
            Standing::Approved
        } else {
            Standing::Outdated
        }
    }

    /// Whether the operator has suspended it, whichever settings it is for.
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Whether it speaks of exactly these settings, suspended or not.
    pub(crate) fn is_for(&self, saved: &Saved) -> bool {
        self.tenant == saved.tenant
            && self.issuer == saved.issuer
            && self.client_id == saved.client_id
    }
}

/// Whether a tenant's people sign in by Okta, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not set up, or switched off.
    Off,
    /// Switched on; the operator has not confirmed a domain yet. Passwords still work.
    AwaitingDomain,
    /// Okta, and nothing else.
    Active,
    /// Was active. Nobody gets in until the operator approves again: neither by Okta nor by password.
    Suspended,
}

impl State {
    /// Of a tenant with this connection and these domains. An approval for other settings, which a draft waits for, neither
    /// lets anybody in nor keeps anybody out.
    pub(crate) fn of(saved: Option<&Saved>, domains: &[Domain]) -> Self {
        let Some(saved) = saved.filter(|saved| saved.enabled) else {
            return Self::Off;
        };
        let mut own = domains
            .iter()
            .filter(|domain| domain.is_for(saved))
            .peekable();
        if own.peek().is_none() {
            Self::AwaitingDomain
        } else if own.any(|domain| !domain.is_suspended()) {
            Self::Active
        } else {
            Self::Suspended
        }
    }

    /// Whether the product takes passwords from this tenant's people.
    pub(crate) fn accepts_passwords(self) -> bool {
        matches!(self, Self::Off | Self::AwaitingDomain)
    }
}

impl Domain {
    /// From a row that has the approval's issuer and client id under these names.
    fn read(row: &AnyRow, issuer: &str, client_id: &str) -> Result<Self, sqlx::Error> {
        let status: &str = row.try_get("status")?;
        Ok(Self {
            domain: row.try_get("domain")?,
            tenant: row.try_get("tenant")?,
            issuer: row.try_get(issuer)?,
            client_id: row.try_get(client_id)?,
            // Anything but the one word is no approval.
            suspended: status != "approved",
            approved_by: row.try_get("approved_by")?,
            approved_at: row.try_get("approved_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for Domain {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Self::read(row, "issuer", "client_id")
    }
}

/// How a tenant's people sign in at this moment.
pub(crate) async fn state_of(db: &mut AnyConnection, tenant: &str) -> Result<State, sqlx::Error> {
    let saved = connections::of_tenant(&mut *db, tenant).await?;
    let domains = of_tenant(&mut *db, tenant).await?;
    Ok(State::of(saved.as_ref(), &domains))
}

/// All of a tenant, by name.
pub(crate) async fn of_tenant(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Vec<Domain>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM domains WHERE tenant = $1 ORDER BY domain")
        .bind(tenant)
        .fetch_all(db)
        .await
}

/// A connection by its id, with its tenant's domains as they are at the same moment.
pub(crate) async fn with_connection(
    db: impl AnyExecutor<'_>,
    id: &str,
) -> Result<Option<(Saved, Vec<Domain>)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT connections.*, domains.domain, domains.status, domains.approved_by, domains.approved_at,
                domains.issuer AS approved_issuer, domains.client_id AS approved_client_id
         FROM connections LEFT JOIN domains ON domains.tenant = connections.tenant
         WHERE connections.id = $1 ORDER BY domains.domain",
    )
    .bind(id)
    .fetch_all(db)
    .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let saved = Saved::from_row(first)?;
    let domains = match first.try_get::<Option<&str>, _>("domain")? {
        Some(_) => {
            let domain = |row| Domain::read(row, "approved_issuer", "approved_client_id");
            rows.iter().map(domain).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(Some((saved, domains)))
}

/// An approval of a domain, of whichever tenant. Prefers one that is not suspended.
pub(crate) async fn find(db: &AnyPool, domain: &str) -> Result<Option<Domain>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM domains WHERE domain = $1 ORDER BY status, approved_at DESC LIMIT 1",
    )
    .bind(domain)
    .fetch_optional(db)
    .await
}

/// Approves a domain for settings as they are now. False when another tenant holds it; the table decides, so two
/// operators at once cannot both succeed.
///
/// What the domain was approved for before stays approved: a tenant's people go on signing in while other settings wait
/// to be put into use. See [`keep_only`].
pub(crate) async fn approve(
    db: &mut AnyConnection,
    domain: &str,
    saved: &Saved,
    by: &str,
    now: i64,
) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "INSERT INTO domain_holders (domain, tenant) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(domain)
    .bind(&saved.tenant)
    .execute(&mut *db)
    .await?;
    let done = sqlx::query(
        "INSERT INTO domains (domain, tenant, issuer, client_id, status, approved_by, approved_at)
         SELECT domain, tenant, $1, $2, 'approved', $3, $4 FROM domain_holders WHERE domain = $5 AND tenant = $6
         ON CONFLICT (domain, issuer, client_id) DO UPDATE SET
            status = 'approved', approved_by = excluded.approved_by, approved_at = excluded.approved_at",
    )
    .bind(&saved.issuer)
    .bind(&saved.client_id)
    .bind(by)
    .bind(now)
    .bind(domain)
    .bind(&saved.tenant)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what was approved for other settings than these, which are now in use.
pub(crate) async fn keep_only(db: impl AnyExecutor<'_>, saved: &Saved) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM domains WHERE tenant = $1 AND (issuer <> $2 OR client_id <> $3)")
        .bind(&saved.tenant)
        .bind(&saved.issuer)
        .bind(&saved.client_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Every domain that is held, with its tenant, by name.
pub(crate) async fn held(db: &AnyPool) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as("SELECT domain, tenant FROM domain_holders ORDER BY domain")
        .fetch_all(db)
        .await
}

/// Suspends a tenant's domain; it stays the tenant's.
pub(crate) async fn suspend(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("UPDATE domains SET status = 'suspended' WHERE tenant = $1 AND domain = $2")
            .bind(tenant)
            .bind(domain)
            .execute(db)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes a domain from a tenant, so that another can have it.
pub(crate) async fn release(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    domain: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM domain_holders WHERE tenant = $1 AND domain = $2")
        .bind(tenant)
        .bind(domain)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The tenants that hold a domain which is not suspended, each once.
pub(crate) async fn tenants_with_approval(db: &AnyPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT DISTINCT tenant FROM domains WHERE status = 'approved'")
        .fetch_all(db)
        .await
}
