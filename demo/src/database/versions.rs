//! The versions that a database goes through, each once.

use std::borrow::Cow;

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use super::{Kind, OpenError, lock};

/// What each version adds to the one before, oldest first. Once a version is released its file stays as it is: a change is
/// a new file at the end, and every database is brought there at its next start.
pub(super) const VERSIONS: [&str; 9] = [
    include_str!("../../schema/1.sql"),
    include_str!("../../schema/2.sql"),
    include_str!("../../schema/3.sql"),
    include_str!("../../schema/4.sql"),
    include_str!("../../schema/5.sql"),
    include_str!("../../schema/6.sql"),
    include_str!("../../schema/7.sql"),
    include_str!("../../schema/8.sql"),
    include_str!("../../schema/9.sql"),
];

/// Why a database is none of this program's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It went through versions that this program does not know.
    #[error(
        "the database is of version {found}, and this program knows {known} at most: start the newer program that made \
         it, or name another one with --database"
    )]
    Newer {
        /// The database's.
        found: i64,
        /// The program's.
        known: usize,
    },
    /// There are tables in it, and it has no version.
    #[error(
        "the database was not made by this program, or by one from before databases had a version: name another one with \
         --database, or move this one away"
    )]
    Foreign,
}

impl Kind {
    /// The one schema as this kind of database spells it. Text compares and sorts byte for byte in both.
    fn spell(self, statements: &str) -> Cow<'_, str> {
        match self {
            Self::Sqlite => statements.into(),
            Self::Postgres => statements
                .replace(") STRICT;", ");")
                .replace(
                    " INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
                    " BIGINT NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY",
                )
                .replace(" INTEGER", " BIGINT")
                .replace(" BLOB", " BYTEA")
                .replace(" TEXT", " TEXT COLLATE \"C\"")
                .into(),
        }
    }

    /// What a database of ours is at. SQLite's file has a place for it, in PostgreSQL it is a table.
    async fn version(self, db: &mut AnyConnection) -> Result<i64, sqlx::Error> {
        let query = match self {
            Self::Sqlite => "PRAGMA user_version",
            Self::Postgres => "SELECT version FROM ledgerline_version",
        };
        number(db, query).await
    }

    /// What any database is at: 0 when it is new, or another program's.
    async fn found(self, db: &mut AnyConnection) -> Result<i64, sqlx::Error> {
        let has_version = "SELECT COUNT(*) FROM pg_tables
            WHERE schemaname = current_schema() AND tablename = 'ledgerline_version'";
        if self == Self::Postgres && number(&mut *db, has_version).await? == 0 {
            return Ok(0);
        }
        self.version(db).await
    }

    /// Notes what the database is at now. A pragma takes no parameters; the text is a number of ours.
    async fn set_version(self, db: &mut AnyConnection, version: usize) -> Result<(), sqlx::Error> {
        let statement = match self {
            Self::Sqlite => format!("PRAGMA user_version = {version}"),
            Self::Postgres => format!(
                "CREATE TABLE IF NOT EXISTS ledgerline_version (version BIGINT NOT NULL);
                 DELETE FROM ledgerline_version;
                 INSERT INTO ledgerline_version VALUES ({version})"
            ),
        };
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(db).await?;
        Ok(())
    }

    /// How many tables there are, but for that of pending sign-ins, which may have come first.
    async fn tables(self, db: &mut AnyConnection) -> Result<i64, sqlx::Error> {
        let count = match self {
            Self::Sqlite => "SELECT COUNT(*) FROM sqlite_schema",
            Self::Postgres => {
                "SELECT COUNT(*) FROM pg_tables
                 WHERE schemaname = current_schema() AND tablename <> 'okta_sso_storage'"
            }
        };
        number(db, count).await
    }
}

async fn number(db: &mut AnyConnection, query: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(query).fetch_one(db).await
}

/// Runs what the database has not been through yet, all or nothing. The database's own version counts; of two
/// processes that start at once the second waits for the write lock and finds the work done.
pub(super) async fn bring_up(pool: &AnyPool, versions: &[&'static str]) -> Result<(), OpenError> {
    let kind = Kind::of(pool);
    let mut write = lock(pool).await?;
    let found = kind.found(&mut write).await?;
    let known = versions.len();
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| versions.get(found..))
        .ok_or(VersionError::Newer { found, known })?;
    if found == 0 && kind.tables(&mut write).await? > 0 {
        return Err(VersionError::Foreign.into());
    }
    if missing.is_empty() {
        return Ok(());
    }
    for statements in missing {
        let statements = AssertSqlSafe(kind.spell(statements).into_owned());
        sqlx::raw_sql(statements).execute(&mut *write).await?;
    }
    kind.set_version(&mut write, known).await?;
    write.commit().await?;
    Ok(())
}

/// Whether the database still is of this program's version: a newer program may have brought it further since.
pub(crate) async fn is_current(pool: &AnyPool) -> Result<bool, sqlx::Error> {
    let version = Kind::of(pool).version(&mut *pool.acquire().await?).await?;
    Ok(is_own(version))
}

/// The same within a transaction: an error when it is not.
pub(super) async fn recheck(kind: Kind, db: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let found = kind.version(db).await?;
    if is_own(found) {
        return Ok(());
    }
    let known = VERSIONS.len();
    Err(sqlx::Error::Configuration(
        VersionError::Newer { found, known }.into(),
    ))
}

fn is_own(version: i64) -> bool {
    usize::try_from(version) == Ok(VERSIONS.len())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use okta_sso_conformance::stage::again;

    use super::super::{Database, ServerAddress, connect, open, write};
    use super::*;

    const ONE: &str = "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (7);";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 8;";

    /// An empty database that as many connect to as two processes would: a file that is gone with the test, or on the server
    /// that the run names.
    struct Empty(Database);

    impl Empty {
        async fn new(name: &str) -> Self {
            Self(match again::database().await.unwrap() {
                Some(address) => Database::Server(ServerAddress::new(&address)),
                None => {
                    let name = format!("ledgerline-database-{}-{name}", std::process::id());
                    Database::File(std::env::temp_dir().join(name))
                }
            })
        }

        /// Without any version.
        async fn raw(&self) -> AnyPool {
            connect(&self.0).await.unwrap()
        }
    }

    impl Drop for Empty {
        fn drop(&mut self) {
            let Database::File(path) = &self.0 else {
                return;
            };
            for end in ["", "-wal", "-shm"] {
                let mut path = path.clone().into_os_string();
                path.push(end);
                let _ = std::fs::remove_file(PathBuf::from(path)); // the system's own cleaning takes what is left
            }
        }
    }

    async fn version(db: &AnyPool) -> i64 {
        let mut connection = db.acquire().await.unwrap();
        Kind::of(db).found(&mut connection).await.unwrap()
    }

    #[tokio::test]
    async fn each_version_is_run_once() {
        let empty = Empty::new("versions").await;
        let db = empty.raw().await;
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
        let empty = Empty::new("failing").await;
        let db = empty.raw().await;
        let failed = bring_up(&db, &[ONE, "CREATE TABLE b (x INTEGER) STRICT; nonsense;"]).await;
        assert!(matches!(failed, Err(OpenError::Database(_))));
        assert_eq!(version(&db).await, 0);
        bring_up(&db, &[ONE]).await.unwrap();
        assert_eq!(version(&db).await, 1);
    }

    #[tokio::test]
    async fn events_of_before_are_given_their_kind() {
        let empty = Empty::new("kinds").await;
        let db = empty.raw().await;
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
    async fn sessions_of_before_are_given_their_method() {
        let empty = Empty::new("methods").await;
        let db = empty.raw().await;
        bring_up(&db, &VERSIONS[..8]).await.unwrap();
        let before = "
            INSERT INTO tenants (id, name) VALUES ('acme', 'Acme');
            INSERT INTO users (id, tenant, email, name) VALUES ('1', 'acme', 'anna@acme.example', 'Anna');
            INSERT INTO sessions (id_hash, tenant, user_id, connection_id, started, used, expires)
                VALUES ('a', 'acme', '1', NULL, 1, 1, 2), ('b', 'acme', '1', 'acme', 1, 1, 2);";
        let before = match Kind::of(&db) {
            Kind::Sqlite => before.replace("'a',", "X'61',").replace("'b',", "X'62',"),
            Kind::Postgres => before.to_owned(),
        };
        sqlx::raw_sql(AssertSqlSafe(before))
            .execute(&db)
            .await
            .unwrap();
        bring_up(&db, &VERSIONS).await.unwrap();
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT id_hash, method FROM sessions ORDER BY id_hash")
                .fetch_all(&db)
                .await
                .unwrap();
        let method = |id: &[u8], name: &str| (id.to_owned(), name.to_owned());
        assert_eq!(rows, [method(b"a", "password"), method(b"b", "okta")]);
    }

    #[tokio::test]
    async fn two_that_start_at_once_both_open_it() {
        let empty = Empty::new("at-once").await;
        let (one, other) = tokio::join!(open(&empty.0), open(&empty.0));
        let (one, other) = (one.unwrap(), other.unwrap());
        for db in [one, other] {
            assert!(is_current(&db).await.unwrap());
            assert!(write(&db).await.is_ok());
        }
    }

    #[tokio::test]
    async fn another_shape_is_refused_and_left_alone() {
        let empty = Empty::new("foreign").await;
        let db = empty.raw().await;
        let statements = AssertSqlSafe(Kind::of(&db).spell(ONE).into_owned());
        sqlx::raw_sql(statements).execute(&db).await.unwrap();
        let refused = open(&empty.0).await.unwrap_err();
        let foreign = VersionError::Foreign;
        assert!(matches!(
            &refused,
            OpenError::Version(VersionError::Foreign)
        ));
        assert_eq!(refused.to_string(), foreign.to_string());
        assert!(foreign.to_string().contains("name another one"));
        let mut connection = db.acquire().await.unwrap();
        let kind = Kind::of(&db);
        kind.set_version(&mut connection, 99).await.unwrap();
        let refused = open(&empty.0).await.unwrap_err();
        let (found, known) = (99, VERSIONS.len());
        assert_eq!(
            refused.to_string(),
            VersionError::Newer { found, known }.to_string()
        );
        assert_eq!(version(&db).await, 99);
        assert!(!is_current(&db).await.unwrap());
        let refused = write(&db).await.unwrap_err();
        assert!(refused.to_string().contains("of version 99"), "{refused}");
    }
}
