//! More than one process on one storage, and processes that are killed.
//!
//! Each test starts itself again in another process, with its orders in the environment.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write, stdout};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

const ORDERS: &str = "OKTA_SSO_TEST_ORDERS";

/// This test in a process of its own.
fn again(test: &str, orders: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--quiet"])
        .env(ORDERS, orders.join("\n"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The orders that this process was given, if it is the second.
fn orders() -> Option<Vec<String>> {
    let orders = env::var(ORDERS).ok()?;
    Some(orders.lines().map(str::to_owned).collect())
}

async fn open(backend: &str, address: &str) -> Arc<dyn Storage> {
    match backend {
        "sqlite" => Arc::new(SqliteStorage::open(address).await.unwrap()),
        "postgres" => Arc::new(PostgresStorage::open(address).await.unwrap()),
        "redis" => Arc::new(RedisStorage::open(address).await.unwrap()),
        other => panic!("{other}"),
    }
}

/// The backends that processes can share.
async fn shared() -> Vec<(&'static str, String)> {
    let file = folder("processes").join("storage.db");
    let mut shared = vec![("sqlite", file.to_str().unwrap().to_owned())];
    shared.extend(
        servers::postgres()
            .await
            .unwrap()
            .map(|address| ("postgres", address)),
    );
    shared.extend(
        servers::redis()
            .await
            .unwrap()
            .map(|address| ("redis", address)),
    );
    shared
}

fn number(line: &str) -> Option<u32> {
    line.trim().strip_prefix("taken ")?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn mt_31_an_entry_is_taken_once_by_two_processes() {
    const ENTRIES: u32 = 300;
    if let Some(orders) = orders() {
        let storage = open(&orders[0], &orders[1]).await;
        let takes = (0..ENTRIES).map(|n| {
            let (storage, key) = (Arc::clone(&storage), key(&orders[2], &n.to_be_bytes()));
            tokio::spawn(async move { (n, storage.take(&key, 1).await) })
        });
        for take in takes.collect::<Vec<_>>() {
            if let (n, Ok(Some(_))) = take.await.unwrap() {
                println!("\ntaken {n}");
            }
        }
        return;
    }
    for (backend, address) in shared().await {
        let (storage, id) = (open(backend, &address).await, fresh());
        for n in 0..ENTRIES {
            let key = key(&id, &n.to_be_bytes());
            assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
        }
        let test = "processes::mt_31_an_entry_is_taken_once_by_two_processes";
        let run = || again(test, &[backend, &address, &id]).spawn().unwrap();
        let mut taken: Vec<u32> = Vec::new();
        let mut each = Vec::new();
        for process in [run(), run()] {
            let output = process.wait_with_output().unwrap();
            let before = taken.len();
            let text = String::from_utf8(output.stdout).unwrap();
            taken.extend(text.lines().filter_map(number));
            each.push(taken.len() - before);
        }
        println!("MT-31 {backend}: {ENTRIES} entries, taken by two processes: {each:?}");
        let once: BTreeSet<_> = taken.iter().collect();
        assert_eq!((taken.len(), once.len()), (300, 300), "MT-31 {backend}");
    }
}

#[tokio::test]
async fn f_35_what_was_taken_stays_taken_when_the_process_is_killed() {
    const KILLS: u32 = 200;
    if let Some(orders) = orders() {
        let storage = open("sqlite", &orders[0]).await;
        for n in 0.. {
            let key = key(&orders[1], &u32::to_be_bytes(n));
            assert_eq!(storage.put_if_absent(&key, b"v", 0, 600).await, Ok(true));
            assert_eq!(storage.take(&key, 1).await, Ok(Some(b"v".to_vec())));
            println!("\ntaken {n}");
            stdout().flush().unwrap();
        }
    }
    let file = folder("kills").join("storage.db");
    let path = file.to_str().unwrap();
    let (mut taken, mut back) = (0, 0);
    let started = Instant::now();
    for kill in 0..KILLS {
        let id = fresh();
        let test = "processes::f_35_what_was_taken_stays_taken_when_the_process_is_killed";
        let mut process = again(test, &[path, &id]).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.by_ref().find_map(|line| number(&line.unwrap()));
        assert_eq!(first, Some(0), "the process works");
        // Somewhere within the next few commits.
        std::thread::sleep(Duration::from_micros(u64::from(kill) * 700 % 9_000));
        process.kill().unwrap(); // SIGKILL
        let rest = lines.map_while(Result::ok);
        let last = rest.filter_map(|line| number(&line)).last().unwrap_or(0);
        process.wait().unwrap();
        let storage = SqliteStorage::open(path).await.unwrap();
        for n in 0..=last {
            let key = key(&id, &n.to_be_bytes());
            taken += 1;
            back += u32::from(storage.get(&key, 1).await.unwrap().is_some());
        }
    }
    let took = started.elapsed();
    println!(
        "F-35: {KILLS} kills, {taken} entries taken before them, {back} came back ({took:.1?})"
    );
    assert_eq!(back, 0, "F-35");
}
