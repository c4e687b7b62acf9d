//! The transaction that a sign-in ends in.
//!
//! Whether somebody comes in is decided, their session is opened and the history is written under one write lock. Whatever
//! keeps a person out (deactivated, unlinked, switched off, suspended) comes before and is seen here, or comes after and
//! ends the session.

use sqlx::{AnyConnection, AnyPool};

use super::{Decision, Refusal, Vouched, settle};
use crate::accounts::{self, User};
use crate::database;
use crate::domains::{self, State};
use crate::history::{self, Event};
use crate::seal::Seal;
use crate::sessions::{self, Lifetimes, OpenError, OpenedBy, Provider};

/// What a session is opened with, whoever it is for.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) seal: &'a Seal,
    /// The cookie of the session that the browser has: it ends.
    pub(crate) before: Option<&'a str>,
    pub(crate) correlation_id: &'a str,
    pub(crate) times: (i64, Lifetimes),
}

/// Somebody came in.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) user: User,
    /// Of the new session.
    pub(crate) cookie: String,
    /// What the history says of it.
    pub(crate) events: Vec<Event>,
}

/// Why a right password opens no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordRefusal {
    /// The account is gone, deactivated, or has another password or none since it was verified.
    NotTheirs,
    /// The company takes no passwords.
    NotTaken(State),
}

impl Entry<'_> {
    /// The provider vouches for somebody.
    pub(crate) async fn by_okta(
        self,
        db: &AnyPool,
        provider: Provider<'_>,
        vouched: Vouched<'_>,
    ) -> Result<Result<Entered, Refusal>, OpenError> {
        let mut write = database::write(db).await?;
        let (now, _) = self.times;
        let decision = settle(&mut write, provider.connection_id, vouched, now).await?;
        let (user, happened) = match decision {
            Decision::Known { user, old_email } => {
                let changed = old_email.map(|old| {
                    let detail = format!("{old} → {}", vouched.email);
                    ("email-changed", detail)
                });
                let came = ("signed-in/okta", String::new());
                (user, changed.into_iter().chain([came]).collect())
            }
            Decision::Pin { user } => (user, vec![("signed-in/okta-first", String::new())]),
            // Dropped, the transaction is rolled back.
            Decision::Refused(refusal) => return Ok(Err(refusal)),
        };
        let entered = self
            .open(&mut write, user, OpenedBy::Okta(provider), happened)
            .await?;
        write.commit().await?;
        Ok(Ok(entered))
    }

    /// A password was verified against `hash`, that of `user`.
    pub(crate) async fn by_password(
        self,
        db: &AnyPool,
        user: &User,
        hash: &str,
    ) -> Result<Result<Entered, PasswordRefusal>, OpenError> {
        let mut write = database::write(db).await?;
        let user = accounts::find_with_hash(&mut *write, user, hash).await?;
        let Some(user) = user else {
            return Ok(Err(PasswordRefusal::NotTheirs));
        };
        let state = domains::state_of(&mut write, &user.tenant).await?;
        if !state.accepts_passwords() {
            return Ok(Err(PasswordRefusal::NotTaken(state)));
        }
        let happened = vec![("signed-in/password", String::new())];
        let entered = self
            .open(&mut write, user, OpenedBy::Password, happened)
            .await?;
        write.commit().await?;
        Ok(Ok(entered))
    }

    async fn open(
        self,
        write: &mut AnyConnection,
        user: User,
        by: OpenedBy<'_>,
        happened: Vec<(&str, String)>,
    ) -> Result<Entered, OpenError> {
        if let Some(before) = self.before {
            sessions::end(&mut *write, before).await?;
        }
        let cookie = sessions::open(&mut *write, self.seal, &user, by, self.times).await?;
        let event = |(code, detail): (&str, String)| Event {
            at: self.times.0,
            code: code.to_owned(),
            correlation_id: self.correlation_id.to_owned(),
            actor: user.email.clone(),
            detail,
        };
        let events: Vec<Event> = happened.into_iter().map(event).collect();
        for event in &events {
            history::record_in(&mut *write, &user.tenant, event).await?;
        }
        Ok(Entered {
            user,
            cookie,
            events,
        })
    }
}
