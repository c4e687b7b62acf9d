//! What happened at a tenant, for its administrators: each outcome under the correlation id that the person was shown.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, FromRow, Row as _};

use crate::database;

/// How many events of a tenant are kept of each kind: strangers can cause refusals, and those push out nothing else.
const KEPT: i64 = 1000;
/// How many more are let come before the oldest go, all at once: counting costs less than looking for them each time.
const SPARE: i64 = 50;
/// The most events of a tenant that there are, of three kinds.
pub(crate) const MOST: usize = 3 * (KEPT + SPARE) as usize;

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

impl FromRow<'_, AnyRow> for Event {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            at: row.try_get("at")?,
            code: row.try_get("code")?,
            correlation_id: row.try_get("correlation_id")?,
            actor: row.try_get("actor")?,
            detail: row.try_get("detail")?,
        })
    }
}

/// A test sign-in came to nothing. Its detail is the code of what failed.
pub(crate) const TEST_FAILED: &str = "settings/test-failed";

/// What Okta sent is no address.
pub(crate) const MALFORMED: &str = "login/email-malformed";

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
        "The sign-in module ran into one of its limits, such as the time for a sign-in. Try again; tell Ledgerline’s support if it persists.",
    ),
    (
        "fault/plugin",
        "The sign-in module failed. Ledgerline’s support finds the cause in the log, under this reference.",
    ),
    (
        "fault/secret",
        "Ledgerline cannot open the stored client secret or key, so nobody can sign in with Okta. Enter the client secret again or make another key in the single sign-on settings, and tell Ledgerline’s support: the database was changed from outside.",
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
    (
        "settings/recordings-on",
        "Agreed that failed sign-ins are recorded.",
    ),
    (
        "settings/recordings-off",
        "Ended the recording of failed sign-ins. What was kept is deleted.",
    ),
    ("settings/secret-replaced", "Replaced the client secret."),
    (
        "settings/secret-dropped",
        "Left the client secret out of a draft: it was saved for another issuer or client ID.",
    ),
    (
        "settings/second-secret-taken",
        "Okta refused one client secret and took the other, which is used first from now on. Remove the one that Okta no longer takes.",
    ),
    (
        "settings/client-authentication-changed",
        "Changed in a draft how the application proves itself to Okta: by a client secret or by a key.",
    ),
    (
        "settings/key-made",
        "Made a client key. Okta finds its public half from now on.",
    ),
    ("settings/key-removed", "Removed a client key."),
    (
        "settings/secret-removed",
        "Removed one of two client secrets.",
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
    (TEST_FAILED, "Tested a sign-in, and it failed."),
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
        "operator/domain-released-last",
        "Ledgerline released the last SSO domain. Single sign-on is switched off, passwords are taken again, and sessions that began with Okta were ended.",
    ),
    (
        "operator/sso-switched-off",
        "Ledgerline switched single sign-on off at the company’s request.",
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
        "Ledgerline moved the accounts’ ties from one issuer to another.",
    ),
    (
        "operator/links-moved-back",
        "Ledgerline moved the accounts’ ties back to the issuer before.",
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

/// Adds an event, in a transaction of its own.
pub(crate) async fn record(db: &AnyPool, tenant: &str, event: &Event) -> Result<(), sqlx::Error> {
    let mut write = database::write(db).await?;
    record_in(&mut write, tenant, event).await?;
    write.commit().await
}

/// Adds an event, within the transaction of what it tells, and forgets the oldest of its kind where there are too many.
///
/// An attempt to sign in is refused for one reason once, however often somebody comes back with its address.
pub(crate) async fn record_in(
    db: &mut AnyConnection,
    tenant: &str,
    event: &Event,
) -> Result<(), sqlx::Error> {
    let kind = Kind::of(&event.code);
    // A tenant that is gone keeps no history.
    let kept: Option<i64> = sqlx::query_scalar(
        "INSERT INTO events (tenant, kind, at, code, correlation_id, actor, detail)
         SELECT id, $2, $3, $4, $5, $6, $7 FROM tenants WHERE id = $1 AND NOT ($2 = 'refused' AND EXISTS (
            SELECT 1 FROM events WHERE tenant = $1 AND kind = $2 AND correlation_id = $5 AND code = $4))
         RETURNING (SELECT COUNT(*) FROM events WHERE tenant = $1 AND kind = $2)",
    )
    .bind(tenant)
    .bind(kind.name())
    .bind(event.at)
    .bind(&event.code)
    .bind(&event.correlation_id)
    .bind(&event.actor)
    .bind(&event.detail)
    .fetch_optional(&mut *db)
    .await?;
    if kept.is_some_and(|kept| kept >= KEPT + SPARE) {
        sqlx::query(
            "DELETE FROM events WHERE tenant = $1 AND kind = $2 AND id <= (
                SELECT id FROM events WHERE tenant = $1 AND kind = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)",
        )
        .bind(tenant)
        .bind(kind.name())
        .bind(KEPT)
        .execute(db)
        .await?;
    }
    Ok(())
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kind: Option<Kind>,
    /// A correlation id, or a part of who or what it was about, whatever the case of its ASCII letters.
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
    /// As tables and addresses spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::Refused => "refused",
            Self::Changed => "changed",
        }
    }

    /// By its name.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let all = [Self::SignedIn, Self::Refused, Self::Changed];
        all.into_iter().find(|kind| kind.name() == name)
    }

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
    db: &AnyPool,
    tenant: &str,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Event>, sqlx::Error> {
    let search = filter.search.trim();
    let part = search.to_ascii_lowercase();
    let holds = |text: &str| text.to_ascii_lowercase().contains(&part);
    // A bounded table per tenant: the words are compared here, and no pattern of the database's is let in.
    let all: Vec<Event> =
        sqlx::query_as("SELECT * FROM events WHERE tenant = $1 ORDER BY id DESC LIMIT $2")
            .bind(tenant)
            .bind(i64::try_from(MOST).unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?;
    let wanted = |event: &Event| {
        filter.kind.is_none_or(|kind| Kind::of(&event.code) == kind)
            && (search.is_empty()
                || event.correlation_id == search
                || holds(&event.actor)
                || holds(&event.detail))
    };
    Ok(all.into_iter().filter(wanted).take(most).collect())
}

/// An address that Okta vouched for and that found nobody.
pub(crate) struct FoundNobody {
    pub(crate) address: String,
    /// Whatever is on file: the plugin takes it for no address.
    pub(crate) malformed: bool,
    /// The latest time.
    pub(crate) at: i64,
}

impl FromRow<'_, AnyRow> for FoundNobody {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let code: String = row.try_get("code")?;
        Ok(Self {
            address: row.try_get("actor")?,
            malformed: code == MALFORMED,
            at: row.try_get("latest")?,
        })
    }
}

/// The addresses that found nobody, each once, newest first.
pub(crate) async fn found_nobody(
    db: &AnyPool,
    tenant: &str,
    most: usize,
) -> Result<Vec<FoundNobody>, sqlx::Error> {
    sqlx::query_as(
        "SELECT actor, code, MAX(at) AS latest FROM events
         WHERE tenant = $1 AND code IN ('account/not-invited', $3) AND actor <> ''
         GROUP BY actor, code ORDER BY MAX(id) DESC LIMIT $2",
    )
    .bind(tenant)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .bind(MALFORMED)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::{self, Tenant};

    fn event(code: &str, correlation_id: &str) -> Event {
        Event {
            at: 1,
            code: code.to_owned(),
            correlation_id: correlation_id.to_owned(),
            actor: String::new(),
            detail: String::new(),
        }
    }

    async fn acme() -> AnyPool {
        let db = database::fresh().await;
        let tenant = Tenant {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
        };
        assert!(tenants::add(&db, &tenant).await.unwrap());
        db
    }

    async fn found(db: &AnyPool, kind: Kind) -> Vec<Event> {
        let filter = Filter {
            kind: Some(kind),
            ..Filter::default()
        };
        latest(db, "acme", &filter, usize::MAX).await.unwrap()
    }

    /// However many times a stranger is refused, what was changed and who came in stays on record.
    #[tokio::test]
    async fn refusals_push_out_refusals_alone() {
        let db = acme().await;
        let (changed, came) = (event("settings/saved", "c"), event("signed-in/okta", "s"));
        for one in [&changed, &came] {
            record(&db, "acme", one).await.unwrap();
        }
        let all = KEPT + SPARE + 1;
        for number in 0..all {
            let refused = event("login/transaction-not-found", &number.to_string());
            record(&db, "acme", &refused).await.unwrap();
        }
        assert_eq!(found(&db, Kind::Changed).await, [changed]);
        assert_eq!(found(&db, Kind::SignedIn).await, [came]);
        let refused = found(&db, Kind::Refused).await;
        let kept = i64::try_from(refused.len()).unwrap();
        // One database counts the event that comes, the other does not yet.
        assert!((KEPT..=KEPT + 1).contains(&kept), "{kept}");
        let oldest = (all - kept).to_string();
        assert_eq!(refused.last().unwrap().correlation_id, oldest);
    }

    /// The address of a callback that is opened again and again is one refusal; another reason is another.
    #[tokio::test]
    async fn an_attempt_is_refused_once_for_each_reason() {
        let db = acme().await;
        for code in ["login/transaction-not-found", "account/not-invited"] {
            for _ in 0..3 {
                record(&db, "acme", &event(code, "attempt")).await.unwrap();
            }
        }
        record(&db, "acme", &event("account/not-invited", "another"))
            .await
            .unwrap();
        assert_eq!(found(&db, Kind::Refused).await.len(), 3);
        for _ in 0..2 {
            record(&db, "acme", &event("signed-in/okta", "attempt"))
                .await
                .unwrap();
        }
        assert_eq!(found(&db, Kind::SignedIn).await.len(), 2);
    }
}
