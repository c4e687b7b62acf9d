//! What happened at a tenant, for its administrators: each outcome under the correlation id that the person was shown.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{FromRow, Row as _, SqliteExecutor};

/// How many events of a tenant are kept; strangers can cause them.
const KEPT: i64 = 1000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: i64,
    /// One of [`own`] or a code of the plugin's `messages`.
    pub(crate) code: String,
    pub(crate) correlation_id: String,
    /// An e-mail, `operator …`, or empty when nobody is known.
    pub(crate) actor: String,
    pub(crate) detail: String,
}

impl FromRow<'_, SqliteRow> for Event {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            at: row.try_get("at")?,
            code: row.try_get("code")?,
            correlation_id: row.try_get("correlation_id")?,
            actor: row.try_get("actor")?,
            detail: row.try_get("detail")?,
        })
    }
}

/// The product's own codes, with what they say to an administrator.
const OWN: &[(&str, &str)] = &[
    ("signed-in/okta", "Signed in with Okta."),
    (
        "signed-in/okta-first",
        "Signed in with Okta for the first time. The account is now tied to this Okta user; its password and earlier sessions are gone.",
    ),
    ("signed-in/password", "Signed in with a password."),
    (
        "fault/limit",
        "The sign-in module ran into one of its limits, such as the time for a sign-in. Try again; tell Ledgerline's support if it persists.",
    ),
    (
        "fault/plugin",
        "The sign-in module failed. Ledgerline's support finds the cause in the log, under this reference.",
    ),
    ("signed-out", "Signed out."),
    ("signed-out-everywhere", "Signed out in every browser."),
    ("refused/wrong-password", "The password was wrong."),
    (
        "refused/password-not-accepted",
        "Tried to sign in with a password. This company signs in with Okta.",
    ),
    (
        "email-changed",
        "Okta now sends another e-mail for this person. They remain the same user.",
    ),
    ("settings/saved", "Saved the single sign-on settings."),
    (
        "settings/connection-changed",
        "Changed the issuer or the client ID in a draft. The SSO domain must be confirmed again before the change is used.",
    ),
    ("settings/switched-on", "Switched single sign-on on."),
    (
        "settings/switched-off",
        "Switched single sign-on off. Sessions that began with Okta were ended.",
    ),
    ("settings/secret-replaced", "Replaced the client secret."),
    (
        "settings/secret-dropped",
        "Left the client secret out of a draft: it was saved for another issuer or client ID.",
    ),
    (
        "settings/discarded",
        "Threw the draft of the single sign-on settings away.",
    ),
    (
        "settings/domain-requested",
        "Asked for an SSO domain to be confirmed.",
    ),
    (
        "settings/domain-withdrawn",
        "Withdrew a request for an SSO domain.",
    ),
    (
        "settings/test-passed",
        "Tested a sign-in. Everything passed.",
    ),
    (
        "settings/test-failed",
        "Tested a sign-in. Something failed.",
    ),
    (
        "settings/test-outdated",
        "The test sign-in no longer counts: the administrator who tested could not come in any more. Test again.",
    ),
    (
        "settings/active",
        "Single sign-on became active. Passwords are refused from now on.",
    ),
    ("people/invited", "Invited a person."),
    (
        "people/unlinked",
        "Unlinked an account from its Okta user and ended its sessions.",
    ),
    ("people/removed", "Removed a person."),
    (
        "people/address-mended",
        "Gave an invited person the address that Okta sends.",
    ),
    (
        "people/disabled",
        "Disabled an account and ended its sessions.",
    ),
    ("people/enabled", "Enabled an account."),
    (
        "operator/domain-approved",
        "Ledgerline confirmed the SSO domain.",
    ),
    (
        "operator/domain-suspended",
        "Ledgerline suspended the SSO domain. Sessions that began with Okta were ended.",
    ),
    (
        "operator/domain-released",
        "Ledgerline released the SSO domain. Sessions that began with Okta were ended.",
    ),
    (
        "operator/sso-switched-off",
        "Ledgerline switched single sign-on off at the company's request.",
    ),
    (
        "operator/recovery-granted",
        "Ledgerline gave an administrator a recovery code, good for one hour and one use.",
    ),
    (
        "signed-in/recovery",
        "Signed in with a recovery code, for the rest of its hour.",
    ),
    (
        "operator/domain-refused",
        "Ledgerline refused to confirm an SSO domain.",
    ),
    (
        "operator/links-moved",
        "Ledgerline moved the accounts' ties from one issuer to another.",
    ),
    (
        "operator/links-moved-back",
        "Ledgerline moved the accounts' ties back to the issuer before.",
    ),
];

/// What one of the product's own codes says; none for the plugin's codes.
pub(crate) fn own(code: &str) -> Option<&'static str> {
    OWN.iter()
        .find(|(known, _)| *known == code)
        .map(|(_, text)| *text)
}

/// Whether a code is the outcome of somebody's sign-in.
pub(crate) fn is_sign_in(code: &str) -> bool {
    let kinds = ["signed-in/", "refused/", "login/", "account/", "fault/"];
    kinds.iter().any(|kind| code.starts_with(kind))
}

/// Adds an event and forgets the oldest beyond the bound.
pub(crate) async fn record(
    db: &SqlitePool,
    tenant: &str,
    event: &Event,
) -> Result<(), sqlx::Error> {
    let mut write = db.begin_with(crate::database::WRITE).await?;
    record_in(&mut *write, tenant, event).await?;
    sqlx::query(
        "DELETE FROM events WHERE tenant = ?1 AND id <= (
            SELECT id FROM events WHERE tenant = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(tenant)
    .bind(KEPT)
    .execute(&mut *write)
    .await?;
    write.commit().await
}

/// Adds an event, within the transaction of what it tells.
pub(crate) async fn record_in(
    db: impl SqliteExecutor<'_>,
    tenant: &str,
    event: &Event,
) -> Result<(), sqlx::Error> {
    // A tenant that is gone keeps no history.
    sqlx::query(
        "INSERT INTO events (tenant, at, code, correlation_id, actor, detail)
         SELECT id, ?, ?, ?, ?, ? FROM tenants WHERE id = ?",
    )
    .bind(event.at)
    .bind(&event.code)
    .bind(&event.correlation_id)
    .bind(&event.actor)
    .bind(&event.detail)
    .bind(tenant)
    .execute(db)
    .await?;
    Ok(())
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kind: Option<Kind>,
    /// A correlation id, or a part of an e-mail.
    pub(crate) search: String,
}

/// What an event is about, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SignedIn,
    Refused,
    Changed,
}

impl Kind {
    /// Of a code: whatever is neither a sign-in nor a change is a refusal.
    pub(crate) fn of(code: &str) -> Self {
        match code.split('/').next() {
            Some("signed-in" | "signed-out" | "signed-out-everywhere" | "email-changed") => {
                Self::SignedIn
            }
            Some("settings" | "people" | "operator") => Self::Changed,
            _ => Self::Refused,
        }
    }
}

/// The latest events of a tenant that a filter lets through, newest first, at most `most`.
pub(crate) async fn latest(
    db: &SqlitePool,
    tenant: &str,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Event>, sqlx::Error> {
    let search = filter.search.trim();
    // A bounded table per tenant: the words are compared here, and no pattern of the database's is let in.
    let all: Vec<Event> =
        sqlx::query_as("SELECT * FROM events WHERE tenant = ? ORDER BY id DESC LIMIT ?")
            .bind(tenant)
            .bind(KEPT)
            .fetch_all(db)
            .await?;
    let wanted = |event: &Event| {
        filter.kind.is_none_or(|kind| Kind::of(&event.code) == kind)
            && (search.is_empty()
                || event.correlation_id == search
                || event.actor.contains(search)
                || event.detail.contains(search))
    };
    Ok(all.into_iter().filter(wanted).take(most).collect())
}

/// The addresses that Okta vouched for and that nobody was invited under, each with the latest time, newest first.
pub(crate) async fn not_invited(
    db: &SqlitePool,
    tenant: &str,
    most: usize,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT actor, MAX(at) FROM events WHERE tenant = ? AND code = 'account/not-invited' AND actor <> ''
         GROUP BY actor ORDER BY MAX(id) DESC LIMIT ?",
    )
    .bind(tenant)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await
}
