//! One contract, held against every backend.

use std::sync::Arc;

use super::*;

async fn backends() -> Vec<(&'static str, Arc<dyn Storage>)> {
    // One connection: each connection to `:memory:` is a database of its own.
    let pool = sqlx::sqlite::SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    vec![
        ("memory", Arc::new(MemoryStorage::default())),
        (
            "sqlite",
            Arc::new(SqliteStorage::in_pool(pool).await.unwrap()),
        ),
    ]
}

#[tokio::test]
async fn an_entry_is_taken_once_by_a_hundred_callers() {
    for (name, storage) in backends().await {
        let key = StorageKey::plugin("c", b"k");
        assert!(storage.put_if_absent(&key, b"v", 0, 600).await.unwrap());
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (storage, key) = (Arc::clone(&storage), key.clone());
                tokio::spawn(async move { storage.take(&key, 1).await.unwrap() })
            })
            .collect();
        let mut taken = Vec::new();
        for caller in callers {
            taken.extend(caller.await.unwrap());
        }
        assert_eq!(taken, [b"v".to_vec()], "{name}");
    }
}

#[tokio::test]
async fn an_entry_ends_with_its_last_second() {
    for (name, storage) in backends().await {
        let key = StorageKey::plugin("c", b"k");
        assert!(storage.put_if_absent(&key, b"1", 1_000, 600).await.unwrap());
        assert!(
            !storage.put_if_absent(&key, b"2", 1_599, 600).await.unwrap(),
            "{name}"
        );
        assert_eq!(
            storage.get(&key, 1_599).await.unwrap(),
            Some(b"1".to_vec()),
            "{name}"
        );
        assert_eq!(storage.get(&key, 1_600).await.unwrap(), None, "{name}");
        assert!(
            storage.put_if_absent(&key, b"3", 1_600, 600).await.unwrap(),
            "{name}"
        );
        assert_eq!(storage.take(&key, 2_200).await.unwrap(), None, "{name}");
        let again = StorageKey::plugin("c", b"l");
        assert!(
            storage
                .put_if_absent(&again, b"4", 1_000, 600)
                .await
                .unwrap()
        );
        assert_eq!(
            storage.take(&again, 1_599).await.unwrap(),
            Some(b"4".to_vec()),
            "{name}"
        );
        assert_eq!(storage.take(&again, 1_599).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn keys_and_values_are_bytes_and_scopes_are_apart() {
    for (name, storage) in backends().await {
        let keys = [
            StorageKey::plugin("a", b"k"),
            StorageKey::plugin("b", b"k"),
            StorageKey::host("a", b"k"),
            StorageKey::plugin("a", b"k\0"),
            StorageKey::plugin("a", b"\xff\xfe\0x"),
        ];
        for (number, key) in keys.iter().enumerate() {
            let value = [b"\0\xff".as_slice(), &[u8::try_from(number).unwrap()]].concat();
            assert!(
                storage.put_if_absent(key, &value, 0, 600).await.unwrap(),
                "{name}"
            );
        }
        for (number, key) in keys.iter().enumerate() {
            let value = [b"\0\xff".as_slice(), &[u8::try_from(number).unwrap()]].concat();
            assert_eq!(storage.take(key, 0).await.unwrap(), Some(value), "{name}");
        }
        let empty = StorageKey::plugin("a", b"e");
        assert!(storage.put_if_absent(&empty, b"", 0, 1).await.unwrap());
        assert_eq!(
            storage.take(&empty, 0).await.unwrap(),
            Some(Vec::new()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn no_time_of_the_clock_breaks_it() {
    for (name, storage) in backends().await {
        let key = StorageKey::plugin("a", b"k");
        assert!(
            storage
                .put_if_absent(&key, b"v", u64::MAX - 1, 600)
                .await
                .unwrap(),
            "{name}"
        );
        assert_eq!(storage.get(&key, u64::MAX).await.unwrap(), None, "{name}");
    }
}
