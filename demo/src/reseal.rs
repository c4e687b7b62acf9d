//! `okta-sso-demo reseal`: the first of the given keys seals from now on, and everything that another one sealed is sealed
//! anew. `serve` may be running, on any number of machines that have both keys.
//!
//! Client secrets are sealed anew in the transaction that changes the key; logout hints, of which there may be many, some
//! at a time, so that nobody who signs in waits long. Whoever is stopped in between begins again: until it is done the old
//! keys stay noted, and nobody starts without them.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::connections::{self, Saved, Sealed};
use crate::database::{self, Database};
use crate::drafts::{self, fingerprint};
use crate::seal::{KeyError, Place, Seal, SealingKey, in_use};
use crate::token::NoRandomness;
use crate::{client_keys, second_secret, trials};

/// How many logout hints are sealed anew in one transaction.
const AT_ONCE: i64 = 500;
/// Where logout hints are: of sessions, and of what is left of them; and how one is forgotten.
const LOGOUT_HINTS: [(&str, &str); 2] = [
    (
        "sessions",
        "UPDATE sessions SET logout_hint = NULL WHERE id_hash = $1",
    ),
    ("farewells", "DELETE FROM farewells WHERE id_hash = $1"),
];

/// What `reseal` is told.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The product's database, as `serve` was told.
    #[arg(
        long,
        value_name = "FILE|postgres://…",
        env = "LEDGERLINE_DATABASE",
        hide_env_values = true
    )]
    pub database: Database,
    /// The 32 bytes that are to seal from now on. Given again: those that have sealed until now.
    #[arg(long, value_name = "FILE", required = true)]
    pub key_file: Vec<PathBuf>,
    /// For when a key is lost: takes away what none of the keys opens. Client secrets have to be entered and client keys to
    /// be made again, and whoever is signed in cannot sign out of Okta from here.
    #[arg(long)]
    pub forget_what_no_key_opens: bool,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The key that seals.
    key: String,
    anew: u64,
    shut: u64,
    forgotten: u64,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            anew,
            shut,
            forgotten,
        } = self;
        write!(f, "The key {key} seals. Sealed anew: {anew}.")?;
        if *forgotten > 0 {
            write!(f, " Forgotten, since no key opens it: {forgotten}.")?;
        }
        if *shut > 0 {
            write!(
                f,
                " Left as it is, since no key opens it: {shut}; --forget-what-no-key-opens takes it away."
            )?;
        }
        write!(f, " No other key is needed any more.")
    }
}

/// Why not everything was sealed anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResealError {
    /// Nothing is made by a command that changes keys.
    #[error("--database must name the product's file, which is there already, or its server")]
    NoFile,
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] database::OpenError),
    /// The keys cannot be had, or one is missing.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Two at once, which do not want the same.
    #[error(
        "another key was made the one that seals meanwhile: let one `reseal` end before the next"
    )]
    Overtaken,
    /// The database failed.
    #[error("the database failed, and the rest can be sealed by the same command again: {0}")]
    Database(#[from] sqlx::Error),
    /// The system's source of randomness failed.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Seals everything by the first key.
///
/// # Errors
///
/// [`ResealError`]. What was sealed anew until then stays so, and the old keys are still needed.
pub async fn run(options: &Options) -> Result<Done, ResealError> {
    if !options.database.is_there() {
        return Err(ResealError::NoFile);
    }
    let seal = Seal::of_files(&options.key_file)?;
    let db = database::open(&options.database).await?;
    let done = everything(&db, &seal, options.forget_what_no_key_opens).await;
    db.close().await;
    done
}

async fn everything(db: &AnyPool, seal: &Seal, forget: bool) -> Result<Done, ResealError> {
    if !forget {
        seal.settle(db).await?;
    }
    after_settling(db, seal, forget).await
}

async fn after_settling(db: &AnyPool, seal: &Seal, forget: bool) -> Result<Done, ResealError> {
    let mut write = database::write(db).await?;
    if !forget {
        // Another run may have brought in a key of its own meanwhile.
        seal.has_all(&mut write).await?;
    }
    in_use::put(&mut write, seal.first_name()).await?;
    let mut reseal = Reseal {
        key: seal.current(&mut write).await?,
        forget,
        done: Done {
            key: seal.first_name().to_owned(),
            ..Done::default()
        },
    };
    reseal.connections(&mut write).await?;
    reseal.drafts(&mut write).await?;
    reseal.client_keys(&mut write).await?;
    write.commit().await?;
    for hints in LOGOUT_HINTS {
        let mut after = Some(Vec::new());
        while let Some(from) = after {
            let mut write = reseal.write(db).await?;
            after = reseal.logout_hints(&mut write, hints, &from).await?;
            write.commit().await?;
        }
    }
    let mut write = reseal.write(db).await?;
    in_use::forget_others(&mut write).await?;
    write.commit().await?;
    Ok(reseal.done)
}

struct Reseal<'a> {
    key: SealingKey<'a>,
    forget: bool,
    done: Done,
}

/// What becomes of a sealed value.
enum Becomes {
    /// It is sealed by the key already, or stays although nothing opens it.
    Same,
    Anew(Vec<u8>),
    Nothing,
}

impl Reseal<'_> {
    /// A transaction, as long as the key of this run is the one that seals.
    async fn write(
        &self,
        db: &AnyPool,
    ) -> Result<sqlx::Transaction<'static, sqlx::Any>, ResealError> {
        let mut write = database::write(db).await?;
        let current = self.key.seal.current(&mut write).await?;
        if current.name() == self.key.name() {
            Ok(write)
        } else {
            Err(ResealError::Overtaken)
        }
    }

    fn judge(&mut self, place: Place<'_>, sealed: &[u8]) -> Result<Becomes, NoRandomness> {
        if self.key.has_sealed(place, sealed) {
            return Ok(Becomes::Same);
        }
        Ok(match self.key.seal.open(place, sealed) {
            Ok(secret) => {
                self.done.anew += 1;
                Becomes::Anew(self.key.seal(place, &secret)?)
            }
            Err(_) if self.forget => {
                self.done.forgotten += 1;
                Becomes::Nothing
            }
            Err(_) => {
                self.done.shut += 1;
                Becomes::Same
            }
        })
    }

    /// The settings with what becomes of their secret; none when it is the same.
    fn settings(&mut self, saved: &Saved) -> Result<Option<Saved>, NoRandomness> {
        let Some((place, sealed)) = saved.sealed_secret() else {
            return Ok(None);
        };
        let (secret, secret_set_at) = match self.judge(place, sealed)? {
            Becomes::Same => return Ok(None),
            Becomes::Anew(sealed) => (Sealed::stored(sealed), saved.secret_set_at),
            Becomes::Nothing => (Sealed::none(), None),
        };
        Ok(Some(Saved {
            secret,
            secret_set_at,
            ..saved.clone()
        }))
    }

    async fn connections(&mut self, db: &mut AnyConnection) -> Result<(), ResealError> {
        for first in connections::all(&mut *db).await? {
            if let Some(anew) = self.settings(&first)? {
                connections::set_secret(&mut *db, &anew).await?;
                trials::rename(db, &fingerprint(&first), &fingerprint(&anew)).await?;
            }
            let second = second_secret::beside(&mut *db, &first).await?;
            if let Some(second) = second
                && let Some(anew) = self.settings(&second)?
            {
                if anew.secret.is_set() {
                    second_secret::put(db, &anew).await?;
                } else {
                    second_secret::forget(db, &first.id).await?;
                }
            }
        }
        Ok(())
    }

    async fn drafts(&mut self, db: &mut AnyConnection) -> Result<(), ResealError> {
        for draft in drafts::all(&mut *db).await? {
            if let Some(anew) = self.settings(&draft.settings)? {
                let (before, now) = (fingerprint(&draft.settings), fingerprint(&anew));
                trials::rename(db, &before, &now).await?;
                drafts::put(db, &draft.sealed_anew(anew)).await?;
            }
        }
        Ok(())
    }

    async fn client_keys(&mut self, db: &mut AnyConnection) -> Result<(), ResealError> {
        for key in client_keys::all(&mut *db).await? {
            match self.judge(key.place(), key.sealed())? {
                Becomes::Same => {}
                Becomes::Anew(sealed) => {
                    client_keys::set_sealed(&mut *db, &key.id, &sealed).await?
                }
                Becomes::Nothing => client_keys::forget(db, &key.id).await?,
            }
        }
        Ok(())
    }

    /// Some of a table's, behind this id; the id to go on from, none at the end.
    async fn logout_hints(
        &mut self,
        db: &mut AnyConnection,
        (table, forget): (&str, &'static str),
        after: &[u8],
    ) -> Result<Option<Vec<u8>>, ResealError> {
        let some = AssertSqlSafe(format!(
            "SELECT id_hash, logout_hint FROM {table} WHERE logout_hint IS NOT NULL AND id_hash > $1
             ORDER BY id_hash LIMIT {AT_ONCE}"
        ));
        let some: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as(some).bind(after).fetch_all(&mut *db).await?;
        for (id_hash, hint) in &some {
            match self.judge(Place::LogoutHint { id_hash }, hint)? {
                Becomes::Same => {}
                Becomes::Anew(sealed) => {
                    let put = format!("UPDATE {table} SET logout_hint = $2 WHERE id_hash = $1");
                    let put = sqlx::query(AssertSqlSafe(put)).bind(id_hash).bind(sealed);
                    put.execute(&mut *db).await?;
                }
                Becomes::Nothing => {
                    sqlx::query(forget).bind(id_hash).execute(&mut *db).await?;
                }
            }
        }
        Ok(some.into_iter().last().map(|(id_hash, _)| id_hash))
    }
}

#[cfg(test)]
mod tests;
