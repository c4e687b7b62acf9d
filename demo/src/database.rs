//! The embedded database: opened, given its tables, nothing to install.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::any::{Any, AnyPool, AnyPoolOptions, AnyRow};
use sqlx::{AssertSqlSafe, Row as _, Transaction};
use url::form_urlencoded;

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

/// What each version adds to the one before, oldest first. Once a version is released its file stays as it is: a change is
/// a new file at the end, and every database is brought there at its next start.
const VERSIONS: [&str; 4] = [
    include_str!("../schema/1.sql"),
    include_str!("../schema/2.sql"),
    include_str!("../schema/3.sql"),
    include_str!("../schema/4.sql"),
];

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite says so.
    #[error("the database cannot be opened: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// It went through versions that this program does not know.
    #[error(
        "the database is of version {found}, and this program knows {known} at most: start the newer program that made \
         it, or name another file with --database"
    )]
    Newer {
        /// The database's.
        found: i64,
        /// The program's.
        known: usize,
    },
    /// There are tables in it, and it has no version.
    #[error(
        "the database was not made by this program, or by one from before databases had a version: name another file \
         with --database, or move this one away"
    )]
    Foreign,
}

/// Opens the database and brings it to this program's version.
pub(crate) async fn open(database: &Database) -> Result<AnyPool, OpenError> {
    sqlx::any::install_default_drivers();
    let pool = match database {
        // Each connection to a database in memory sees its own, so there is one and it is never closed.
        Database::Memory => {
            AnyPoolOptions::new()
                .min_connections(1)
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect("sqlite::memory:")
                .await?
        }
        Database::File(path) => {
            let pool = AnyPoolOptions::new()
                .max_connections(8)
                .connect(&file_address(path))
                .await?;
            // The file remembers it.
            sqlx::raw_sql("PRAGMA journal_mode = WAL")
                .execute(&pool)
                .await?;
            pool
        }
    };
    bring_up(&pool, &VERSIONS).await?;
    Ok(pool)
}

/// The address of a file, made when it is not there. Nothing in the path is taken for a part of the address.
fn file_address(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let path: String = form_urlencoded::byte_serialize(bytes).collect();
    format!("sqlite:{}?mode=rwc", path.replace('+', "%20"))
}

/// A transaction that holds the one write lock from its first statement: what it reads stays true until it commits.
pub(crate) async fn write(db: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    db.begin_with("BEGIN IMMEDIATE").await
}

/// A yes or no, which the tables hold as 1 or 0.
pub(crate) fn flag(row: &AnyRow, column: &str) -> Result<bool, sqlx::Error> {
    let flag: i64 = row.try_get(column)?;
    Ok(flag != 0)
}

/// Runs what the database has not been through yet, all or nothing. The file's own `user_version` counts; of two
/// processes that start at once the second waits for the write lock and finds the work done.
async fn bring_up(pool: &AnyPool, versions: &[&'static str]) -> Result<(), OpenError> {
    let mut write = write(pool).await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *write)
        .await?;
    let known = versions.len();
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| versions.get(found..))
        .ok_or(OpenError::Newer { found, known })?;
    if found == 0 {
        let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema")
            .fetch_one(&mut *write)
            .await?;
        if tables > 0 {
            return Err(OpenError::Foreign);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    for statements in missing {
        sqlx::raw_sql(*statements).execute(&mut *write).await?;
    }
    // A pragma takes no parameters; the text is a number of ours.
    let counted = AssertSqlSafe(format!("PRAGMA user_version = {known}"));
    sqlx::raw_sql(counted).execute(&mut *write).await?;
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (7);";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 8;";

    /// A file that is gone with the test, and as many connections to it as two processes would have.
    struct File(PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            let name = format!("ledgerline-database-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn database(&self) -> Database {
            Database::File(self.0.clone())
        }

        /// The file as SQLite opens it.
        async fn raw(&self) -> AnyPool {
            sqlx::any::install_default_drivers();
            AnyPool::connect(&file_address(&self.0)).await.unwrap()
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            for end in ["", "-wal", "-shm"] {
                let mut path = self.0.clone().into_os_string();
                path.push(end);
                let _ = std::fs::remove_file(path); // the system's own cleaning takes what is left
            }
        }
    }

    async fn version(db: &AnyPool) -> i64 {
        let asked = sqlx::query_scalar("PRAGMA user_version");
        asked.fetch_one(db).await.unwrap()
    }

    #[tokio::test]
    async fn each_version_is_run_once() {
        let db = File::new("versions");
        let db = db.raw().await;
        bring_up(&db, &[ONE]).await.unwrap();
        bring_up(&db, &[ONE, TWO]).await.unwrap();
        bring_up(&db, &[ONE, TWO]).await.unwrap();
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT x, y FROM a")
            .fetch_all(&db)
            .await
            .unwrap();
        assert_eq!(rows, [(7, 8)]);
        assert_eq!(version(&db).await, 2);
    }

    #[tokio::test]
    async fn a_version_that_fails_leaves_the_one_before() {
        let db = File::new("failing");
        let db = db.raw().await;
        let failed = bring_up(&db, &[ONE, "CREATE TABLE b (x INTEGER) STRICT; nonsense;"]).await;
        assert!(matches!(failed, Err(OpenError::Sqlite(_))));
        assert_eq!(version(&db).await, 0);
        bring_up(&db, &[ONE]).await.unwrap();
        assert_eq!(version(&db).await, 1);
    }

    #[tokio::test]
    async fn events_of_before_are_given_their_kind() {
        let file = File::new("kinds");
        let db = file.raw().await;
        bring_up(&db, &VERSIONS[..1]).await.unwrap();
        let kinds = [
            ("signed-in/okta", "signed-in"),
            ("signed-out-everywhere", "signed-in"),
            ("email-changed", "signed-in"),
            ("settings/saved", "changed"),
            ("people/removed", "changed"),
            ("operator/domain-approved", "changed"),
            ("refused/wrong-password", "refused"),
            ("login/code-rejected", "refused"),
            ("account/disabled", "refused"),
            ("fault/limit", "refused"),
        ];
        sqlx::raw_sql("INSERT INTO tenants VALUES ('acme', 'Acme')")
            .execute(&db)
            .await
            .unwrap();
        for (code, _) in kinds {
            let insert = "INSERT INTO events (tenant, at, code, correlation_id, actor, detail)
                VALUES ('acme', 1, $1, '', '', '')";
            sqlx::query(insert).bind(code).execute(&db).await.unwrap();
        }
        bring_up(&db, &VERSIONS).await.unwrap();
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT code, kind FROM events ORDER BY id")
                .fetch_all(&db)
                .await
                .unwrap();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(code, kind)| (&**code, &**kind)).collect();
        assert_eq!(rows, kinds);
    }

    #[tokio::test]
    async fn two_that_start_at_once_both_open_it() {
        let file = File::new("at-once");
        let both = (file.database(), file.database());
        let (one, other) = tokio::join!(open(&both.0), open(&both.1));
        let (one, other) = (one.unwrap(), other.unwrap());
        let newest = i64::try_from(VERSIONS.len()).unwrap();
        assert_eq!(
            (version(&one).await, version(&other).await),
            (newest, newest)
        );
    }

    #[tokio::test]
    async fn another_shape_is_refused_and_left_alone() {
        let file = File::new("foreign");
        let db = file.raw().await;
        sqlx::raw_sql(ONE).execute(&db).await.unwrap();
        let refused = open(&file.database()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Foreign));
        assert!(refused.to_string().contains("name another file"));
        sqlx::raw_sql("PRAGMA user_version = 99")
            .execute(&db)
            .await
            .unwrap();
        let refused = open(&file.database()).await.unwrap_err();
        let newest = VERSIONS.len();
        assert!(matches!(refused, OpenError::Newer { found: 99, known } if known == newest));
        assert_eq!(version(&db).await, 99);
    }
}
