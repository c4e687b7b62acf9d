//! One contract, held against every storage backend; PostgreSQL and Redis are real servers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong here shall stop the test"
)]

mod contract;
mod faults;
mod machine;
mod processes;
mod sweep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs, process};

use okta_sso_conformance::stage::servers;
use okta_sso_host::{
    MemoryStorage, PostgresStorage, RedisStorage, SqliteStorage, Storage, StorageKey,
};

type Backend = (&'static str, Arc<dyn Storage>);

/// Every backend that this run has. Servers are shared by all tests: keys are told apart by [`fresh`].
async fn backends() -> Vec<Backend> {
    let file = folder("sqlite").join("storage.db");
    let mut backends: Vec<Backend> = vec![
        ("memory", Arc::new(MemoryStorage::default())),
        ("sqlite", Arc::new(SqliteStorage::open(file).await.unwrap())),
    ];
    if let Some(address) = servers::postgres().await.unwrap() {
        let storage = PostgresStorage::open(&address).await.unwrap();
        backends.push(("postgres", Arc::new(storage)));
    }
    if let Some(address) = servers::redis().await.unwrap() {
        let storage = RedisStorage::open(&address).await.unwrap();
        backends.push(("redis", Arc::new(storage)));
    }
    backends
}

/// A connection id that no other test uses.
fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("c{}-{}", process::id(), NEXT.fetch_add(1, Relaxed))
}

fn key(connection_id: &str, key: &[u8]) -> StorageKey {
    StorageKey::plugin(connection_id, key)
}

/// An empty folder under the target folder.
fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("storage-{name}-{number}"));
    let _ = fs::remove_dir_all(&folder); // of the run before
    fs::create_dir_all(&folder).unwrap();
    folder
}
