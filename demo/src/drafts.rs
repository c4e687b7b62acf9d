//! Drafts: what an administrator saved on the settings page before anyone signs in by it.

use aws_lc_rs::digest;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyExecutor, FromRow, Row as _};

use crate::connections::{Saved, Sealed};

/// Settings that wait, beside the connection that is in use or in the place of one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// `enabled` is the toggle as it was saved.
    pub(crate) settings: Saved,
    passed: Option<Passed>,
}

/// A test sign-in that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The fingerprint of what was tested.
    pub(crate) settings: Vec<u8>,
    /// The administrator who tested.
    pub(crate) user_id: String,
    /// Whom Okta vouched for.
    pub(crate) subject: String,
    pub(crate) email: String,
}

impl FromRow<'_, AnyRow> for Passed {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            settings: row.try_get("passed")?,
            user_id: row.try_get("passed_user")?,
            subject: row.try_get("passed_subject")?,
            email: row.try_get("passed_email")?,
        })
    }
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
            client_key: None,
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

    /// The same with its secret sealed anew: what was tested still is what it holds.
    pub(crate) fn sealed_anew(self, settings: Saved) -> Self {
        let before = fingerprint(&self.settings);
        let mut passed = self.passed;
        if let Some(passed) = passed.as_mut().filter(|passed| passed.settings == before) {
            passed.settings = fingerprint(&settings);
        }
        Self { settings, passed }
    }

    /// Whether every field has something in it.
    pub(crate) fn is_complete(&self) -> bool {
        let settings = &self.settings;
        !settings.issuer.is_empty() && !settings.client_id.is_empty() && settings.has_credential()
    }

    /// The test sign-in that passed with exactly these settings.
    pub(crate) fn test(&self) -> Option<&Passed> {
        self.passed
            .as_ref()
            .filter(|passed| self.is_complete() && passed.settings == fingerprint(&self.settings))
    }
}

/// SHA-256 of what a test sign-in depends on, each part with its length in front. A secret that is saved again counts as
/// another one: its sealed form is new each time.
pub(crate) fn fingerprint(settings: &Saved) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let key = settings.client_key.iter().map(String::as_bytes);
    let parts = [
        settings.issuer.as_bytes(),
        settings.client_id.as_bytes(),
        settings.secret.sealed().unwrap_or_default(),
        settings.rule_name().as_bytes(),
    ];
    for part in parts.into_iter().chain(key) {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finish().as_ref().to_vec()
}

impl FromRow<'_, AnyRow> for Draft {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            settings: Saved::from_row(row)?,
            passed: match row.try_get::<Option<&[u8]>, _>("passed")? {
                Some(_) => Some(Passed::from_row(row)?),
                None => None,
            },
        })
    }
}

/// The one of a tenant.
pub(crate) async fn of_tenant(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Option<Draft>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM drafts WHERE tenant = $1")
        .bind(tenant)
        .fetch_optional(db)
        .await
}

/// Those of all tenants.
pub(crate) async fn all(db: impl AnyExecutor<'_>) -> Result<Vec<Draft>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM drafts ORDER BY id")
        .fetch_all(db)
        .await
}

/// By its id.
pub(crate) async fn find(db: impl AnyExecutor<'_>, id: &str) -> Result<Option<Draft>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM drafts WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Makes or replaces a tenant's draft. A test that passed with the very same settings still counts.
pub(crate) async fn put(db: &mut AnyConnection, draft: &Draft) -> Result<(), sqlx::Error> {
    let Draft { settings, passed } = draft;
    sqlx::query(
        "INSERT INTO drafts (id, tenant, enabled, issuer, client_id, secret, secret_set_at, email_rule, passed,
            passed_user, passed_subject, passed_email, client_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET
            enabled = excluded.enabled, issuer = excluded.issuer, client_id = excluded.client_id,
            secret = excluded.secret, secret_set_at = excluded.secret_set_at,
            email_rule = excluded.email_rule, passed = excluded.passed, passed_user = excluded.passed_user,
            passed_subject = excluded.passed_subject, passed_email = excluded.passed_email,
            client_key = excluded.client_key",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(i64::from(settings.enabled))
    .bind(&settings.issuer)
    .bind(&settings.client_id)
    .bind(settings.secret.sealed())
    .bind(settings.secret_set_at)
    .bind(settings.rule_name())
    .bind(passed.as_ref().map(|passed| &*passed.settings))
    .bind(passed.as_ref().map(|passed| &*passed.user_id))
    .bind(passed.as_ref().map(|passed| &*passed.subject))
    .bind(passed.as_ref().map(|passed| &*passed.email))
    .bind(&settings.client_key)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a test sign-in passed, if the draft still is what was tested.
pub(crate) async fn pass(
    db: &mut AnyConnection,
    tenant: &str,
    passed: Passed,
) -> Result<bool, sqlx::Error> {
    let Some(mut draft) = of_tenant(&mut *db, tenant).await? else {
        return Ok(false);
    };
    if fingerprint(&draft.settings) != passed.settings {
        return Ok(false);
    }
    draft.passed = Some(passed);
    put(db, &draft).await?;
    Ok(true)
}

/// From now on no test sign-in has passed with a tenant's draft.
pub(crate) async fn forget_test(db: impl AnyExecutor<'_>, tenant: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE drafts SET passed = NULL WHERE tenant = $1")
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(())
}

/// Throws a tenant's draft away; false when there was none.
pub(crate) async fn discard(db: impl AnyExecutor<'_>, tenant: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM drafts WHERE tenant = $1")
        .bind(tenant)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
