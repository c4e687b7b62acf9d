//! What has ended goes, and takes no login with it.

use std::time::{Duration, Instant};

use okta_sso_conformance::stage::servers;
use sqlx::AnyPool;

use super::*;

/// Databases of this test's own, each with a way around the storage.
async fn databases() -> Vec<(&'static str, AnyPool, Arc<dyn Storage>)> {
    sqlx::any::install_default_drivers();
    let file = folder("sweep").join("storage.db");
    let storage = SqliteStorage::open(&file).await.unwrap();
    let beside = format!("sqlite:{}", file.display());
    let mut databases: Vec<(_, _, Arc<dyn Storage>)> = vec![(
        "sqlite",
        AnyPool::connect(&beside).await.unwrap(),
        Arc::new(storage),
    )];
    if let Some(address) = servers::postgres().await.unwrap() {
        let storage = PostgresStorage::open(&address).await.unwrap();
        let beside = AnyPool::connect(&address).await.unwrap();
        databases.push(("postgres", beside, Arc::new(storage)));
    }
    databases
}

async fn write(storage: &dyn Storage, id: &str, numbers: std::ops::Range<u8>, now: u64) {
    for number in numbers {
        let key = key(id, &[number]);
        let stored = storage.put_if_absent(&key, b"v", now, 10).await;
        assert_eq!(stored, Ok(true), "{number} at {now}");
    }
}

async fn left(db: &AnyPool) -> i64 {
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM okta_sso_storage");
    count.fetch_one(db).await.unwrap()
}

/// Two for each write that comes, so that nothing piles up.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_goes_with_the_writes_that_come() {
    for (name, db, storage) in databases().await {
        let id = fresh();
        write(&*storage, &id, 0..64, 0).await;
        write(&*storage, &id, 100..132, 20).await;
        let started = Instant::now();
        while left(&db).await > 32 {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(5), "{name}: they stay");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(left(&db).await, 32, "{name}: what lives stays");
    }
}

/// Over SQLite a sweep that failed once made a login fail whose write had been stored.
#[tokio::test]
async fn a_sweep_that_fails_takes_no_login_with_it() {
    let (_, db, storage) = databases().await.remove(0);
    let refuse = "CREATE TRIGGER kept BEFORE DELETE ON okta_sso_storage BEGIN SELECT RAISE(FAIL, 'kept'); END";
    sqlx::raw_sql(refuse).execute(&db).await.unwrap();
    let id = fresh();
    write(&*storage, &id, 0..32, 0).await;
    write(&*storage, &id, 100..132, 20).await;
    assert_eq!(left(&db).await, 64);
}
