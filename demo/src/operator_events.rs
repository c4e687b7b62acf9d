//! What happens at the product's edge and is no company's, for its operators. What they do to a company stands in that
//! company's own history.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, FromRow, Row as _};

use crate::database;
use crate::history::Kind;

/// How many are kept of each kind: what strangers cause pushes out nothing else.
const KEPT: i64 = 1000;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    SignedIn,
    SignedOut,
    WrongPassword,
    TooManyPasswords,
    TooManyStarts,
    TooManyReturns,
    WrongRecovery,
    TooManyRecoveries,
    ComponentReplaced,
    ComponentRefused,
}

impl Code {
    const ALL: [Self; 10] = [
        Self::SignedIn,
        Self::SignedOut,
        Self::WrongPassword,
        Self::TooManyPasswords,
        Self::TooManyStarts,
        Self::TooManyReturns,
        Self::WrongRecovery,
        Self::TooManyRecoveries,
        Self::ComponentReplaced,
        Self::ComponentRefused,
    ];

    /// As table and log spell it.
    const fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "console/signed-in",
            Self::SignedOut => "console/signed-out",
            Self::WrongPassword => "console/wrong-password",
            Self::TooManyPasswords => "limit/passwords",
            Self::TooManyStarts => "limit/starts",
            Self::TooManyReturns => "limit/returns",
            Self::WrongRecovery => "recovery/wrong-code",
            Self::TooManyRecoveries => "limit/codes",
            Self::ComponentReplaced => "component/replaced",
            Self::ComponentRefused => "component/refused",
        }
    }

    /// What it is about.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::SignedIn | Self::SignedOut => Kind::SignedIn,
            Self::ComponentReplaced | Self::ComponentRefused => Kind::Changed,
            _ => Kind::Refused,
        }
    }

    /// What it says to an operator.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::SignedIn => "Signed in to the console.",
            Self::SignedOut => "Signed out of the console.",
            Self::WrongPassword => "Tried to sign in to the console with a wrong name or password.",
            Self::TooManyPasswords => {
                "Too many wrong passwords. Further ones are not looked at for a while."
            }
            Self::TooManyStarts => {
                "Too many sign-ins with Okta were begun. No more are begun for a while."
            }
            Self::TooManyReturns => {
                "Too many returns from Okta came to nothing. No more are looked at for a while."
            }
            Self::WrongRecovery => "Tried a recovery code that is mistyped, used or expired.",
            Self::TooManyRecoveries => {
                "Too many wrong recovery codes. Further ones are not looked at for a while."
            }
            Self::ComponentReplaced => "The sign-in component was loaded again and put in.",
            Self::ComponentRefused => {
                "The sign-in component was loaded again and refused. The one before goes on."
            }
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) code: Code,
    /// An operator's name, or empty when nobody is known.
    pub(crate) actor: String,
    /// Where it came from; empty where that was this machine.
    pub(crate) address: String,
    pub(crate) detail: String,
}

impl FromRow<'_, AnyRow> for Event {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let name: &str = row.try_get("code")?;
        let code = Code::ALL.into_iter().find(|code| code.name() == name);
        Ok(Self {
            at: row.try_get("at")?,
            code: code.ok_or_else(|| sqlx::Error::Decode("an event of no known code".into()))?,
            actor: row.try_get("actor")?,
            address: row.try_get("address")?,
            detail: row.try_get("detail")?,
        })
    }
}

/// Logs an event: neither who nor where.
pub(crate) fn announce(event: &Event) {
    tracing::info!(code = event.code.name(), "operator event");
}

/// Adds an event, within the transaction of what it tells, and forgets the oldest of its kind beyond the bound.
pub(crate) async fn record_in(db: &mut AnyConnection, event: &Event) -> Result<(), sqlx::Error> {
    let kind = event.code.kind().name();
    sqlx::query(
        "INSERT INTO operator_events (kind, at, code, actor, address, detail) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(kind)
    .bind(event.at)
    .bind(event.code.name())
    .bind(&event.actor)
    .bind(&event.address)
    .bind(&event.detail)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "DELETE FROM operator_events WHERE kind = $1 AND id <= (
            SELECT id FROM operator_events WHERE kind = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(kind)
    .bind(KEPT)
    .execute(db)
    .await?;
    Ok(())
}

/// Adds an event, in a transaction of its own.
pub(crate) async fn record(db: &AnyPool, event: &Event) -> Result<(), sqlx::Error> {
    let mut write = database::write(db).await?;
    record_in(&mut write, event).await?;
    write.commit().await
}

/// The latest of one kind or of all, newest first, at most `most`.
pub(crate) async fn latest(
    db: &AnyPool,
    kind: Option<Kind>,
    most: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM operator_events WHERE $1 IS NULL OR kind = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(kind.map(Kind::name))
    .bind(most)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: Code, at: i64) -> Event {
        Event {
            at,
            code,
            actor: String::new(),
            address: String::new(),
            detail: String::new(),
        }
    }

    #[tokio::test]
    async fn each_code_is_read_as_it_was_written() {
        let db = database::fresh().await;
        for code in Code::ALL {
            record(&db, &event(code, 1)).await.unwrap();
        }
        let found = latest(&db, None, 100).await.unwrap();
        let found: Vec<Code> = found.iter().rev().map(|event| event.code).collect();
        assert_eq!(found, Code::ALL);
    }

    /// However many times strangers are refused, who came in and what was changed stays on record.
    #[tokio::test]
    async fn refusals_push_out_refusals_alone() {
        let db = database::fresh().await;
        for code in [Code::SignedIn, Code::ComponentReplaced] {
            record(&db, &event(code, 1)).await.unwrap();
        }
        for at in 0..KEPT + 10 {
            record(&db, &event(Code::WrongRecovery, at)).await.unwrap();
        }
        let found = async |kind| latest(&db, Some(kind), KEPT * 2).await.unwrap();
        assert_eq!(found(Kind::SignedIn).await.len(), 1);
        assert_eq!(found(Kind::Changed).await.len(), 1);
        let refused = found(Kind::Refused).await;
        assert_eq!(i64::try_from(refused.len()), Ok(KEPT));
        assert_eq!(refused.last().map(|event| event.at), Some(10));
    }
}
