//! *Test connection* and *Test sign-in*: what they found, kept until they are made again.

use okta_sso_host::contract::{Finding, Outcome as Found};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, SqliteExecutor};

use crate::connections::Saved;
use crate::drafts::fingerprint;

/// How long check lists of test sign-ins are kept: 7 days.
const KEPT: i64 = 7 * 24 * 60 * 60;

/// One line of a check list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What was looked at: `check/…` of the plugin, or `own/…`.
    pub(crate) check: String,
    pub(crate) outcome: Outcome,
    /// Why it is not a pass: a code of the plugin, or `own/…`.
    pub(crate) reason: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
}

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Pass,
    Warn,
    Fail,
    Skipped,
}

impl From<&Finding> for Entry {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.code(),
            outcome: match finding.outcome {
                Found::Pass => Outcome::Pass,
                Found::Warn => Outcome::Warn,
                Found::Fail => Outcome::Fail,
                Found::Skipped => Outcome::Skipped,
            },
            reason: finding.reason.clone(),
            expected: finding.expected.clone(),
            found: finding.found.clone(),
        }
    }
}

/// Whether every line is a pass, or a warning at most.
pub(crate) fn passed(entries: &[Entry]) -> bool {
    !entries.is_empty()
        && entries
            .iter()
            .all(|entry| matches!(entry.outcome, Outcome::Pass | Outcome::Warn))
}

/// The latest *Test connection* of some settings.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) at: i64,
    pub(crate) entries: Vec<Entry>,
}

/// Keeps what a probe of these settings found, in the place of the one before.
pub(crate) async fn keep_probe(
    db: &SqlitePool,
    settings: &Saved,
    entries: &[Entry],
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO probes (connection_id, tenant, at, settings, checks) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (connection_id) DO UPDATE SET
            at = excluded.at, settings = excluded.settings, checks = excluded.checks",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(now)
    .bind(fingerprint(settings))
    .bind(write(entries))
    .execute(db)
    .await?;
    see_keys(db, settings, entries, now).await
}

/// What the latest probe of exactly these settings found.
pub(crate) async fn probe_of(
    db: impl SqliteExecutor<'_>,
    settings: &Saved,
) -> Result<Option<Probe>, sqlx::Error> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT at, checks FROM probes WHERE connection_id = ? AND tenant = ? AND settings = ?",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(fingerprint(settings))
    .fetch_optional(db)
    .await?;
    row.map(|(at, checks)| {
        Ok(Probe {
            at,
            entries: read(&checks)?,
        })
    })
    .transpose()
}

/// Seconds since the newest of the provider's keys was first seen by a test; none before the first.
pub(crate) async fn key_age(
    db: impl SqliteExecutor<'_>,
    settings: &Saved,
    now: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let newest: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(first_seen) FROM provider_keys WHERE tenant = ? AND issuer = ?",
    )
    .bind(&settings.tenant)
    .bind(&settings.issuer)
    .fetch_one(db)
    .await?;
    Ok(newest.map(|at| now - at))
}

async fn see_keys(
    db: &SqlitePool,
    settings: &Saved,
    entries: &[Entry],
    now: i64,
) -> Result<(), sqlx::Error> {
    let keys = entries.iter().find(|entry| entry.check == "check/keys");
    let names = keys
        .and_then(|entry| entry.found.as_deref())
        .unwrap_or_default();
    for name in names.split(' ').filter(|name| !name.is_empty()) {
        sqlx::query(
            "INSERT INTO provider_keys (tenant, issuer, kid, first_seen) VALUES (?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(&settings.tenant)
        .bind(&settings.issuer)
        .bind(name)
        .bind(now)
        .execute(db)
        .await?;
    }
    Ok(())
}

/// One *Test sign-in*.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsal {
    pub(crate) tenant: String,
    /// The administrator who began it.
    pub(crate) user_id: String,
    /// The fingerprint of what is tested.
    pub(crate) settings: Vec<u8>,
    /// None while the person is at Okta.
    pub(crate) ended_at: Option<i64>,
    pub(crate) entries: Vec<Entry>,
}

/// Notes that an administrator leaves for Okta with these settings, and forgets what is old.
pub(crate) async fn begin_rehearsal(
    db: &SqlitePool,
    handle: &str,
    user_id: &str,
    settings: &Saved,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM rehearsals WHERE begun_at < ?")
        .bind(now - KEPT)
        .execute(db)
        .await?;
    sqlx::query(
        "INSERT INTO rehearsals (handle, tenant, user_id, settings, begun_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(handle)
    .bind(&settings.tenant)
    .bind(user_id)
    .bind(fingerprint(settings))
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// By the handle of its attempt.
pub(crate) async fn rehearsal(
    db: impl SqliteExecutor<'_>,
    handle: &str,
) -> Result<Option<Rehearsal>, sqlx::Error> {
    type Row = (String, String, Vec<u8>, Option<i64>, String);
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant, user_id, settings, ended_at, checks FROM rehearsals WHERE handle = ?",
    )
    .bind(handle)
    .fetch_optional(db)
    .await?;
    row.map(|(tenant, user_id, settings, ended_at, checks)| {
        Ok(Rehearsal {
            tenant,
            user_id,
            settings,
            ended_at,
            entries: read(&checks)?,
        })
    })
    .transpose()
}

/// Keeps the check list that a test sign-in ended in; false when it had ended before.
pub(crate) async fn end_rehearsal(
    db: &mut SqliteConnection,
    handle: &str,
    entries: &[Entry],
    now: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE rehearsals SET ended_at = ?, checks = ? WHERE handle = ? AND ended_at IS NULL",
    )
    .bind(now)
    .bind(write(entries))
    .bind(handle)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn write(entries: &[Entry]) -> String {
    serde_json::to_string(entries).unwrap_or_else(|_| "[]".to_owned())
}

fn read(checks: &str) -> Result<Vec<Entry>, sqlx::Error> {
    serde_json::from_str(checks).map_err(|error| sqlx::Error::Decode(error.into()))
}
