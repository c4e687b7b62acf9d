//! What `Storage` promises.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn mt_30_an_entry_is_taken_once_by_a_hundred_callers() {
    const ROUNDS: usize = 20;
    for (name, storage) in backends().await {
        let id = fresh();
        for round in 0..ROUNDS {
            let key = key(&id, &round.to_be_bytes());
            let value = format!("v{round}").into_bytes();
            assert!(storage.put_if_absent(&key, &value, 0, 600).await.unwrap());
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
            assert_eq!(taken, [value], "MT-30 {name}");
        }
        println!("MT-30 {name}: {ROUNDS} entries, 100 callers each, taken once each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_stores() {
    for (name, storage) in backends().await {
        let key = key(&fresh(), b"k");
        let callers: Vec<_> = (0..100_u8)
            .map(|caller| {
                let (storage, key) = (Arc::clone(&storage), key.clone());
                tokio::spawn(async move {
                    let stored = storage.put_if_absent(&key, &[caller], 0, 600).await;
                    stored.unwrap().then_some(caller)
                })
            })
            .collect();
        let mut stored = Vec::new();
        for caller in callers {
            stored.extend(caller.await.unwrap());
        }
        assert_eq!(stored.len(), 1, "{name}");
        assert_eq!(storage.take(&key, 0).await.unwrap(), Some(stored), "{name}");
    }
}

/// Whatever the one's name and the other's key add up to.
#[tokio::test]
async fn mt_29_ids_that_look_like_others_have_entries_of_their_own() {
    let ids = ["", "a", "ab", "a:", "a:b", "a%3Ab", "a\0", "a\0b"];
    let ends = ["", "a", "b", "bc", ":b", "b:c", "%3Ab", "\0", "\0b"];
    for (name, storage) in backends().await {
        let run = fresh();
        let keys = ids.iter().flat_map(|id| {
            let id = format!("{run}{id}");
            ends.map(|end| key(&id, end.as_bytes()))
        });
        let keys: Vec<StorageKey> = keys.collect();
        for (number, key) in keys.iter().enumerate() {
            let value = number.to_be_bytes();
            let stored = storage.put_if_absent(key, &value, 0, 600).await;
            assert_eq!(stored, Ok(true), "MT-29 {name} {number}");
        }
        for (number, key) in keys.iter().enumerate() {
            let value = number.to_be_bytes().to_vec();
            let taken = storage.take(key, 1).await;
            assert_eq!(taken, Ok(Some(value)), "MT-29 {name} {number}");
        }
        println!("MT-29 {name}: {} keys, none is another's", keys.len());
    }
}

#[tokio::test]
async fn an_entry_ends_with_its_last_second() {
    for (name, storage) in backends().await {
        let id = fresh();
        let (one, other) = (key(&id, b"k"), key(&id, b"l"));
        assert_eq!(
            storage.put_if_absent(&one, b"1", 1_000, 600).await,
            Ok(true)
        );
        let again = storage.put_if_absent(&one, b"2", 1_599, 600).await;
        assert_eq!(again, Ok(false), "{name}");
        let value = Some(b"1".to_vec());
        assert_eq!(storage.get(&one, 1_599).await, Ok(value), "{name}");
        assert_eq!(storage.get(&one, 1_600).await, Ok(None), "{name}");
        let again = storage.put_if_absent(&one, b"3", 1_600, 600).await;
        assert_eq!(again, Ok(true), "{name}");
        assert_eq!(storage.take(&one, 2_200).await, Ok(None), "{name}");

        let stored = storage.put_if_absent(&other, b"4", 1_000, 600).await;
        assert_eq!(stored, Ok(true), "{name}");
        let value = Some(b"4".to_vec());
        assert_eq!(storage.take(&other, 1_599).await, Ok(value), "{name}");
        assert_eq!(storage.take(&other, 1_599).await, Ok(None), "{name}");
    }
}

#[tokio::test]
async fn keys_and_values_are_bytes_and_scopes_are_apart() {
    for (name, storage) in backends().await {
        let (a, b) = (fresh(), fresh());
        let keys = [
            key(&a, b"k"),
            key(&b, b"k"),
            StorageKey::host(&a, b"k"),
            key(&a, b"k\0"),
            key(&a, b"\xff\xfe\0x"),
            key(&a, &[0; 256]),
        ];
        let value = |number: usize| [b"\0\xff:".as_slice(), &number.to_be_bytes()].concat();
        for (number, key) in keys.iter().enumerate() {
            let stored = storage.put_if_absent(key, &value(number), 0, 600).await;
            assert_eq!(stored, Ok(true), "{name} {number}");
        }
        for (number, key) in keys.iter().enumerate() {
            let taken = storage.take(key, 0).await;
            assert_eq!(taken, Ok(Some(value(number))), "{name} {number}");
        }
    }
}

#[tokio::test]
async fn values_are_empty_or_as_long_as_the_contract_allows() {
    for (name, storage) in backends().await {
        for length in [0, 1, 16 << 10] {
            let (key, value) = (key(&fresh(), b"k"), vec![b':'; length]);
            let stored = storage.put_if_absent(&key, &value, 0, 1).await;
            assert_eq!(stored, Ok(true), "{name}");
            assert_eq!(
                storage.get(&key, 0).await,
                Ok(Some(value.clone())),
                "{name}"
            );
            assert_eq!(storage.take(&key, 0).await, Ok(Some(value)), "{name}");
        }
    }
}

#[tokio::test]
async fn f_42_no_time_of_the_clock_breaks_it() {
    for (name, storage) in backends().await {
        // 2038, 2106, the year 10000, and what no clock shows.
        for now in [
            i32::MAX as u64,
            u32::MAX.into(),
            253_402_300_799,
            i64::MAX as u64,
        ] {
            let key = key(&fresh(), b"k");
            let stored = storage.put_if_absent(&key, b"v", now, 600).await;
            assert_eq!(stored, Ok(true), "F-42 {name} {now}");
            let end = now.saturating_add(600);
            assert_eq!(storage.get(&key, end).await, Ok(None), "F-42 {name} {now}");
        }
        let key = key(&fresh(), b"k");
        let stored = storage.put_if_absent(&key, b"v", u64::MAX - 1, 600).await;
        assert_eq!(stored, Ok(true), "F-42 {name}");
        assert_eq!(storage.get(&key, u64::MAX).await, Ok(None), "F-42 {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_by_many_at_once() {
    let file = folder("migrations").join("storage.db");
    let starts = (0..8).map(|_| tokio::spawn(SqliteStorage::open(file.clone())));
    for start in starts.collect::<Vec<_>>() {
        assert!(start.await.unwrap().is_ok(), "sqlite");
    }
    let Some(address) = servers::postgres().await.unwrap() else {
        return;
    };
    let starts = (0..8).map(|_| {
        let address = address.clone();
        tokio::spawn(async move { PostgresStorage::open(&address).await })
    });
    for start in starts.collect::<Vec<_>>() {
        assert!(start.await.unwrap().is_ok(), "postgres");
    }
}
