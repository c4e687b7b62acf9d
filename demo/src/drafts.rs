//! Drafts: what an administrator saved on the settings page before anyone signs in by it.

use aws_lc_rs::digest;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection, SqliteExecutor};

use crate::connections::{Saved, Sealed};

/// Settings that wait, beside the connection that is in use or in the place of one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// `enabled` is the toggle as it was saved.
    pub(crate) settings: Saved,
    /// The fingerprint that a test sign-in passed with, and the domain of the address that Okta vouched for.
    passed: Option<(Vec<u8>, String)>,
}

impl Draft {
    /// The id that a tenant's draft has for ever: never that of a connection, so that nobody signs in by one.
    pub(crate) fn id_of(tenant: &str) -> String {
        format!("draft-{tenant}")
    }

    /// Nothing filled in yet.
    pub(crate) fn empty(tenant: &str) -> Self {
        Self::of(Saved {
            id: Self::id_of(tenant),
            tenant: tenant.to_owned(),
            enabled: false,
            issuer: String::new(),
            client_id: String::new(),
            secret: Sealed::none(),
            secret_set_at: None,
            email_rule: okta_sso_host::contract::EmailRule::Exact,
        })
    }

    /// Settings that nobody has tested.
    pub(crate) fn of(settings: Saved) -> Self {
        Self {
            settings,
            passed: None,
        }
    }

    /// Whether every field has something in it.
    pub(crate) fn is_complete(&self) -> bool {
        let settings = &self.settings;
        !settings.issuer.is_empty() && !settings.client_id.is_empty() && settings.secret.is_set()
    }

    /// Whether a test sign-in passed with exactly these settings.
    pub(crate) fn has_passed(&self) -> bool {
        self.tested_domain().is_some()
    }

    /// The domain of the address that a test sign-in with exactly these settings ended with.
    pub(crate) fn tested_domain(&self) -> Option<&str> {
        let (fingerprint_then, domain) = self.passed.as_ref()?;
        let same = self.is_complete() && *fingerprint_then == fingerprint(&self.settings);
        same.then_some(domain.as_str())
    }
}

/// SHA-256 of what a test sign-in depends on, each part with its length in front. A secret that is saved again counts as
/// another one: its sealed form is new each time.
pub(crate) fn fingerprint(settings: &Saved) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let parts = [
        settings.issuer.as_bytes(),
        settings.client_id.as_bytes(),
        settings.secret.sealed().unwrap_or_default(),
        settings.rule_name().as_bytes(),
    ];
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finish().as_ref().to_vec()
}

impl FromRow<'_, SqliteRow> for Draft {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            settings: Saved::from_row(row)?,
            passed: Option::zip(row.try_get("passed")?, row.try_get("passed_domain")?),
        })
    }
}

/// The one of a tenant.
pub(crate) async fn of_tenant(
    db: impl SqliteExecutor<'_>,
    tenant: &str,
) -> Result<Option<Draft>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM drafts WHERE tenant = ?")
        .bind(tenant)
        .fetch_optional(db)
        .await
}

/// By its id.
pub(crate) async fn find(
    db: impl SqliteExecutor<'_>,
    id: &str,
) -> Result<Option<Draft>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM drafts WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Makes or replaces a tenant's draft. A test that passed with the very same settings still counts.
pub(crate) async fn put(db: &mut SqliteConnection, draft: &Draft) -> Result<(), sqlx::Error> {
    let Draft { settings, passed } = draft;
    sqlx::query(
        "INSERT INTO drafts (id, tenant, enabled, issuer, client_id, secret, secret_set_at, email_rule, passed,
            passed_domain)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
            enabled = excluded.enabled, issuer = excluded.issuer, client_id = excluded.client_id,
            secret = excluded.secret, secret_set_at = excluded.secret_set_at,
            email_rule = excluded.email_rule, passed = excluded.passed,
            passed_domain = excluded.passed_domain",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(settings.enabled)
    .bind(&settings.issuer)
    .bind(&settings.client_id)
    .bind(settings.secret.sealed())
    .bind(settings.secret_set_at)
    .bind(settings.rule_name())
    .bind(passed.as_ref().map(|(fingerprint, _)| &**fingerprint))
    .bind(passed.as_ref().map(|(_, domain)| &**domain))
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a test sign-in passed with the settings of this fingerprint and an address on `domain`, if the draft still
/// is those.
pub(crate) async fn pass(
    db: &mut SqliteConnection,
    tenant: &str,
    (tested, domain): (&[u8], &str),
) -> Result<bool, sqlx::Error> {
    let Some(draft) = of_tenant(&mut *db, tenant).await? else {
        return Ok(false);
    };
    if fingerprint(&draft.settings) != tested {
        return Ok(false);
    }
    sqlx::query("UPDATE drafts SET passed = ?, passed_domain = ? WHERE tenant = ?")
        .bind(tested)
        .bind(domain)
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(true)
}

/// Throws a tenant's draft away.
pub(crate) async fn discard(db: impl SqliteExecutor<'_>, tenant: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM drafts WHERE tenant = ?")
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(())
}
