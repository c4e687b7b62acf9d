//! The embedded database: opened, given its tables, nothing to install.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};

/// Where the product keeps what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Gone when the process ends.
    Memory,
    /// One file, made when it is not there.
    File(PathBuf),
}

impl FromStr for Database {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "memory" | ":memory:" => Self::Memory,
            path => Self::File(PathBuf::from(path)),
        })
    }
}

/// A transaction that holds the one write lock from its first statement: what it reads stays true until it commits.
pub(crate) const WRITE: &str = "BEGIN IMMEDIATE";

/// Opens the database and runs `schema.sql`.
pub(crate) async fn open(database: &Database) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    let pool = match database {
        // Each connection to a database in memory sees its own, so there is one and it is never closed.
        Database::Memory => {
            SqlitePoolOptions::new()
                .min_connections(1)
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_with(options.in_memory(true))
                .await?
        }
        Database::File(path) => {
            let options = options
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            SqlitePoolOptions::new()
                .max_connections(8)
                .connect_with(options)
                .await?
        }
    };
    sqlx::raw_sql(include_str!("../schema.sql"))
        .execute(&pool)
        .await?;
    Ok(pool)
}
