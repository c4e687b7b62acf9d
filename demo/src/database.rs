//! The database: opened, brought to this program's version, written by one at a time.

mod server;
mod versions;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{Any, AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Row as _, Transaction};
use url::form_urlencoded;

pub use self::server::ServerAddress;
pub use self::versions::VersionError;
pub(crate) use self::versions::is_current;

/// Where the product keeps what it knows, or its pending sign-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Gone when the process ends.
    Memory,
    /// One file, made when it is not there.
    File(PathBuf),
    /// A server that several machines share.
    Server(ServerAddress),
}

impl FromStr for Database {
    type Err = std::convert::Infallible;

    /// Takes every text: a refusal here would repeat it, and with it a password.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "memory" | ":memory:" => Self::Memory,
            address if address.contains("://") => Self::Server(ServerAddress::new(address)),
            path => Self::File(PathBuf::from(path)),
        })
    }
}

impl Database {
    /// Whether there is something to repair: a command that does makes no file.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Memory => false,
            Self::File(path) => path.is_file(),
            Self::Server(_) => true,
        }
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No server of this kind is known.
    #[error(
        "--database {0}://…: name a file, memory, or a server by postgres://user:password@host/database"
    )]
    Scheme(String),
    /// The database says so.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
    /// It is another program's, or a newer one's.
    #[error(transparent)]
    Version(#[from] VersionError),
}

/// The kinds of database, where they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn of(pool: &AnyPool) -> Self {
        match pool.connect_options().database_url.scheme() {
            "sqlite" => Self::Sqlite,
            _ => Self::Postgres,
        }
    }
}

/// Opens the database and brings it to this program's version.
pub(crate) async fn open(database: &Database) -> Result<AnyPool, OpenError> {
    let pool = connect(database).await?;
    versions::bring_up(&pool, &versions::VERSIONS).await?;
    Ok(pool)
}

async fn connect(database: &Database) -> Result<AnyPool, OpenError> {
    sqlx::any::install_default_drivers();
    // A connection to a file is never lost, so that there is nothing to test before it is used again.
    let local = || AnyPoolOptions::new().test_before_acquire(false);
    Ok(match database {
        // Each connection to a database in memory sees its own, so there is one and it is never closed.
        Database::Memory => {
            local()
                .min_connections(1)
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect("sqlite::memory:")
                .await?
        }
        Database::File(path) => {
            let pool = local()
                .max_connections(8)
                .connect(&file_address(path))
                .await?;
            // The file remembers it.
            let log_ahead = sqlx::raw_sql("PRAGMA journal_mode = WAL");
            log_ahead.execute(&pool).await?;
            pool
        }
        Database::Server(address) if address.is_postgres() => {
            AnyPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(PATIENCE)
                .connect(address.expose())
                .await?
        }
        Database::Server(address) => return Err(OpenError::Scheme(address.scheme().to_owned())),
    })
}

/// How long a page waits for a connection to a server before it says that something is wrong.
const PATIENCE: Duration = Duration::from_secs(2);

/// The address of a file, made when it is not there. Nothing in the path is taken for a part of the address.
fn file_address(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let path: String = form_urlencoded::byte_serialize(bytes).collect();
    format!("sqlite:{}?mode=rwc", path.replace('+', "%20"))
}

/// Makes a transaction the only one that writes, whichever machine the others run on. It ends by itself when its process
/// does, and when that hangs; whoever waits for it gives up after as long as with SQLite. "ledgerlw" in ASCII.
const ONE_WRITER: &str = "
    SET LOCAL lock_timeout = '5s';
    SET LOCAL idle_in_transaction_session_timeout = '10s';
    SELECT pg_advisory_xact_lock(7810759523990400119)";

/// A transaction that holds the one write lock from its first statement: what it reads stays true until it commits.
///
/// SQLite has such a lock. PostgreSQL is given one, so that every rule that was thought for one writer at a time holds there,
/// too. The price: sign-ins and changes of all machines pass one after the other, at the speed of a commit; pages that only
/// read wait for nobody. Beside it write only single statements on rows of their own, such as the end of a session.
///
/// Fails when a newer program has brought the database further: what this one would write may not be all that belongs there.
pub(crate) async fn write(db: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    let mut write = lock(db).await?;
    versions::recheck(Kind::of(db), &mut write).await?;
    Ok(write)
}

async fn lock(db: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    match Kind::of(db) {
        Kind::Sqlite => db.begin_with("BEGIN IMMEDIATE").await,
        Kind::Postgres => {
            // Each statement after the lock sees what the writer before committed.
            let mut write = db
                .begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
                .await?;
            sqlx::raw_sql(ONE_WRITER).execute(&mut *write).await?;
            Ok(write)
        }
    }
}

/// A yes or no, which the tables hold as 1 or 0.
pub(crate) fn flag(row: &AnyRow, column: &str) -> Result<bool, sqlx::Error> {
    let flag: i64 = row.try_get(column)?;
    Ok(flag != 0)
}

/// A new database for a test: in memory, or on the server that the run names.
#[cfg(test)]
pub(crate) async fn fresh() -> AnyPool {
    let database = match okta_sso_conformance::stage::again::database()
        .await
        .unwrap()
    {
        Some(address) => Database::Server(ServerAddress::new(&address)),
        None => Database::Memory,
    };
    open(&database).await.unwrap()
}

#[cfg(test)]
mod tests {
    use okta_sso_conformance::stage::again;

    use super::*;

    /// Whatever holds over SQLite does over PostgreSQL.
    #[tokio::test]
    async fn all_of_this_library_over_postgres() {
        again::over_postgres().await.unwrap();
    }

    #[test]
    fn a_server_is_told_from_a_file() {
        let read = |text: &str| text.parse::<Database>().unwrap();
        assert_eq!(read("memory"), Database::Memory);
        assert_eq!(read("a/b.db"), Database::File("a/b.db".into()));
        let server = read("postgres://ledgerline:canary@db.example/ledgerline");
        assert!(matches!(&server, Database::Server(address) if address.is_postgres()));
        assert!(!format!("{server:?}").contains("canary"));
    }

    #[tokio::test]
    async fn a_server_of_an_unknown_kind_is_refused_without_its_password() {
        let database: Database = "mysql://ledgerline:canary@db.example/ledgerline"
            .parse()
            .unwrap();
        let refused = open(&database).await.unwrap_err();
        assert!(matches!(&refused, OpenError::Scheme(scheme) if scheme == "mysql"));
        assert!(!refused.to_string().contains("canary"), "{refused}");
    }

    #[tokio::test]
    async fn a_file_may_have_any_name() {
        let folder = std::env::temp_dir().join(format!("ledgerline ?%20&#{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("a+b.db");
        open(&Database::File(file.clone()))
            .await
            .unwrap()
            .close()
            .await;
        assert!(file.is_file());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
