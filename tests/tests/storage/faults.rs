//! Databases that are down, slow, full, read-only or in conflict.

use std::time::{Duration, Instant};

use okta_sso_conformance::stage::proxy::{Mode, Proxy};
use okta_sso_conformance::stage::servers::{self, Server};
use okta_sso_host::StorageError;

use super::*;

const DOWN: Result<Option<Vec<u8>>, StorageError> = Err(StorageError::Unavailable);

/// Backends whose server is behind a proxy.
async fn proxied() -> Vec<(&'static str, Proxy, Arc<dyn Storage>)> {
    let mut proxied: Vec<(_, _, Arc<dyn Storage>)> = Vec::new();
    if let Some(address) = servers::postgres().await.unwrap() {
        let proxy = Proxy::to(&address).await.unwrap();
        let storage = PostgresStorage::open(&proxy.instead(&address).unwrap()).await;
        proxied.push(("postgres", proxy, Arc::new(storage.unwrap())));
    }
    if let Some(address) = servers::redis().await.unwrap() {
        let proxy = Proxy::to(&address).await.unwrap();
        let storage = RedisStorage::open(&proxy.instead(&address).unwrap()).await;
        proxied.push(("redis", proxy, Arc::new(storage.unwrap())));
    }
    proxied
}

#[tokio::test(flavor = "multi_thread")]
async fn f_30_a_server_that_is_down() {
    for (name, proxy, storage) in proxied().await {
        let key = key(&fresh(), b"k");
        assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
        proxy.set(Mode::Refuse).await;
        let before = Instant::now();
        assert_eq!(storage.take(&key, 1).await, DOWN, "F-30 {name}");
        println!("F-30 {name}: down, told after {:.1?}", before.elapsed());
        // PostgreSQL's pool tries for its one second to get a connection; Redis fails at once.
        assert!(
            before.elapsed() < Duration::from_millis(1_500),
            "F-30 {name}"
        );
        proxy.set(Mode::Through).await;
        let before = Instant::now();
        let taken = loop {
            match storage.take(&key, 1).await {
                Ok(taken) => break taken,
                Err(_) => assert!(before.elapsed() < Duration::from_secs(5), "F-30 {name}"),
            }
        };
        println!("F-30 {name}: back, works after {:.1?}", before.elapsed());
        assert_eq!(taken, Some(b"v".to_vec()), "F-30 {name}: nothing was lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_31_a_server_that_is_slow() {
    for (name, proxy, storage) in proxied().await {
        let id = fresh();
        for n in 0..50_u8 {
            let key = key(&id, &[n]);
            assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
        }
        proxy.set(Mode::Hold).await;
        let held: Arc<dyn Storage> = Arc::clone(&storage);
        let before = Instant::now();
        let takes = (0..50_u8).map(|n| {
            let (storage, key) = (Arc::clone(&held), key(&id, &[n]));
            tokio::spawn(async move {
                let take = storage.take(&key, 1);
                // As the host does for every storage.
                tokio::time::timeout(Duration::from_secs(2), take).await
            })
        });
        for take in takes.collect::<Vec<_>>() {
            let outcome = take.await.unwrap();
            assert!(outcome.is_err() || outcome == Ok(DOWN), "F-31 {name}");
        }
        let took = before.elapsed();
        println!("F-31 {name}: 50 takes from a server that hangs, all ended after {took:.1?}");
        assert!(took < Duration::from_secs(3), "F-31 {name}");
        proxy.set(Mode::Through).await;
        // The pool is not used up by what was given up.
        let key = key(&fresh(), b"k");
        let before = Instant::now();
        while storage.put_if_absent(&key, b"v", 0, 600).await.is_err() {
            assert!(before.elapsed() < Duration::from_secs(5), "F-31 {name}");
        }
        println!("F-31 {name}: works again after {:.1?}", before.elapsed());
    }
}

#[tokio::test]
async fn f_34_a_full_and_a_read_only_database() {
    let file = folder("full").join("storage.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .pragma("max_page_count", "40");
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let storage = SqliteStorage::in_pool(pool).await.unwrap();
    let id = fresh();
    let mut stored = 0_u32;
    let full = loop {
        let key = key(&id, &stored.to_be_bytes());
        match storage.put_if_absent(&key, &[7; 4096], 0, 600).await {
            Ok(true) => stored += 1,
            other => break other,
        }
        assert!(stored < 1_000);
    };
    assert_eq!(full, Err(StorageError::Unavailable), "F-34");
    // What is there can be taken, and makes room.
    for n in 0..stored {
        let key = key(&id, &n.to_be_bytes());
        assert_eq!(storage.take(&key, 1).await, Ok(Some(vec![7; 4096])), "F-34");
    }
    let again = storage
        .put_if_absent(&key(&id, b"again"), b"v", 0, 600)
        .await;
    assert_eq!(again, Ok(true), "F-34");
    println!("F-34 sqlite: full after {stored} entries; all were taken, and it went on");

    let read_only = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .pragma("query_only", "1");
    let pool = sqlx::SqlitePool::connect_with(read_only).await.unwrap();
    // Its table is there already, so that only what writes is refused.
    let storage = SqliteStorage::in_pool(pool).await.unwrap();
    let refused = storage.put_if_absent(&key(&id, b"k"), b"v", 0, 600).await;
    assert_eq!(refused, Err(StorageError::Unavailable), "F-34");
    let there = storage.get(&key(&id, b"again"), 1).await;
    assert_eq!(there, Ok(Some(b"v".to_vec())), "F-34");

    if let Some(address) = servers::postgres().await.unwrap() {
        let options: sqlx::postgres::PgConnectOptions = address.parse().unwrap();
        PostgresStorage::open(&address).await.unwrap();
        let options = options.options([("default_transaction_read_only", "on")]);
        let pool = sqlx::PgPool::connect_with(options).await.unwrap();
        let storage = PostgresStorage::in_pool(pool).await.unwrap();
        let key = key(&id, b"k");
        let refused = storage.put_if_absent(&key, b"v", 0, 600).await;
        assert_eq!(refused, Err(StorageError::Unavailable), "F-34 postgres");
        assert_eq!(storage.take(&key, 1).await, DOWN, "F-34 postgres");
        assert_eq!(storage.get(&key, 1).await, Ok(None), "F-34 postgres");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_36_conflicts_are_repeated() {
    let Some(address) = servers::postgres().await.unwrap() else {
        return;
    };
    // Under the strictest isolation, PostgreSQL answers a race with serialization failures.
    let options: sqlx::postgres::PgConnectOptions = address.parse().unwrap();
    let options = options.options([("default_transaction_isolation", "serializable")]);
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(16)
        .connect_with(options);
    let storage = Arc::new(PostgresStorage::in_pool(pool.await.unwrap()).await.unwrap());
    let id = fresh();
    let (mut taken, mut failed) = (0, 0);
    for n in 0..100_u8 {
        let key = key(&id, &[n]);
        assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
        let takes = (0..16).map(|_| {
            let (storage, key) = (Arc::clone(&storage), key.clone());
            tokio::spawn(async move { storage.take(&key, 1).await })
        });
        let mut once = 0;
        for take in takes.collect::<Vec<_>>() {
            match take.await.unwrap() {
                Ok(Some(_)) => once += 1,
                Ok(None) => {}
                Err(_) => failed += 1,
            }
        }
        assert_eq!(once, 1, "F-36: taken once whatever the isolation");
        taken += once;
    }
    println!(
        "F-36 postgres, serializable: {taken} entries taken once each, {failed} of 1600 gave up"
    );
    assert_eq!(failed, 0, "F-36");
}

#[tokio::test]
async fn f_37_redis_out_of_memory_and_read_only() {
    // A server of this test's own: it changes its settings.
    let Some(server) = Server::redis().await.unwrap() else {
        return;
    };
    let address = server.address();
    let storage = RedisStorage::open(&address).await.unwrap();
    let client = redis::Client::open(address.as_str()).unwrap();
    let mut control = client.get_multiplexed_async_connection().await.unwrap();
    let mut tell = async |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async::<()>(&mut control).await.unwrap();
    };
    let key = key(&fresh(), b"k");
    assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));

    tell(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let full = storage
        .put_if_absent(&super::key("x", b"k"), b"v", 0, 600)
        .await;
    assert_eq!(full, Err(StorageError::Unavailable), "F-37 OOM");
    // What is there can still be taken.
    assert_eq!(
        storage.take(&key, 1).await,
        Ok(Some(b"v".to_vec())),
        "F-37 OOM"
    );
    tell(&["CONFIG", "SET", "maxmemory", "0"]).await;

    assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
    tell(&["CONFIG", "SET", "replica-serve-stale-data", "yes"]).await;
    tell(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert_eq!(storage.take(&key, 1).await, DOWN, "F-37 READONLY");
    tell(&["REPLICAOF", "NO", "ONE"]).await;
    assert_eq!(
        storage.take(&key, 1).await,
        Ok(Some(b"v".to_vec())),
        "F-37 READONLY"
    );
    println!("F-37 redis: OOM and READONLY are answers; nothing was lost");
}
