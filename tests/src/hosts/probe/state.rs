//! Storage, cache, clock, randomness, signatures and log.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use serde_json::json;

use super::{NOW, Seen, Trial, run};

/// Callers at a time, and how often they try.
const CALLERS: usize = 8;
const ROUNDS: usize = 25;

pub(super) async fn all(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    for (promise, check) in [
        ("storage-bytes", "storage/bytes"),
        ("storage-first-stays", "storage/first-stays"),
        ("storage-bounds", "storage/bounds"),
        ("cache-replaces", "cache/replaces"),
        ("cache-bounds", "cache/bounds"),
        ("cache-apart-from-storage", "cache/apart-from-storage"),
        ("random", "random/lengths"),
    ] {
        trial.check(promise, &connection, check, "").await?;
    }
    taken_once(trial).await?;
    scoped(trial).await?;
    ends(trial).await?;
    clock(trial).await?;
    random(trial).await?;
    signatures(trial).await?;
    log(trial).await
}

/// Of any number of callers at once one stores, and one takes.
async fn taken_once(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    for round in 0..ROUNDS {
        let key = format!("key-{round}");
        let put = format!("{key} 600 value");
        for (check, with, wanted) in [
            ("storage/put", &put, ("stored", "true")),
            ("storage/take", &key, ("found", "value")),
        ] {
            let calls = (0..CALLERS).map(|_| {
                let (host, connection) = (trial.host.clone(), connection.clone());
                let with = with.clone();
                tokio::spawn(async move { run(host.as_ref(), &connection, check, &with).await })
            });
            let calls: Vec<_> = calls.collect();
            let mut winners = 0;
            for call in calls {
                let seen = trial.note("storage-taken-once", check, call.await??);
                winners += usize::from(seen.iter().any(|one| is(one, wanted)));
            }
            trial.equal(
                "storage-taken-once",
                &format!("{check}: winners"),
                &1,
                &winners,
            );
        }
    }
    Ok(())
}

fn is((name, value): &(String, String), wanted: (&str, &str)) -> bool {
    (name.as_str(), value.as_str()) == wanted
}

/// No connection sees another's entries, whatever the names of both.
async fn scoped(trial: &mut Trial) -> Result<()> {
    let mut connections = Vec::new();
    for id in ["a", "ab", "a.b", "A"] {
        let mut connection = trial.connection();
        connection["id"] = json!(id);
        connections.push(connection);
    }
    // Keys that make the same text with the name in front.
    for (promise, put, get) in [
        ("storage-scoped", "storage/put", "storage/take"),
        ("cache-scoped", "cache/put", "cache/get"),
    ] {
        for (connection, key) in connections.iter().zip(["bc", "c", "c", "bc"]) {
            let with = format!(
                "{key} 600 {}",
                connection["id"].as_str().unwrap_or_default()
            );
            trial.check(promise, connection, put, &with).await?;
        }
        for (connection, key) in connections.iter().zip(["c", "bc", "bc", "c"]) {
            let seen = trial.check(promise, connection, get, key).await?;
            trial.equal(promise, "another connection's entry", &absent(), &seen);
        }
        for (connection, key) in connections.iter().zip(["bc", "c", "c", "bc"]) {
            let own = connection["id"].as_str().unwrap_or_default().to_owned();
            let seen = trial.check(promise, connection, get, key).await?;
            // A cache may have forgotten.
            if promise == "storage-scoped" || seen != absent() {
                trial.equal(
                    promise,
                    "its own entry",
                    &vec![("found".to_owned(), own)],
                    &seen,
                );
            }
        }
    }
    Ok(())
}

fn absent() -> Seen {
    vec![("absent".to_owned(), String::new())]
}

/// An entry is there to the last second, and not in the next.
async fn ends(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    for (promise, put, get) in [
        ("storage-ends", "storage/put", "storage/take"),
        ("cache-ends", "cache/put", "cache/get"),
    ] {
        trial.host.set_clock(Some(NOW)).await?;
        for key in ["early", "late", "long"] {
            let with = format!("{key} {} value", if key == "long" { 86_400 } else { 600 });
            trial.check(promise, &connection, put, &with).await?;
        }
        let found = vec![("found".to_owned(), "value".to_owned())];
        for (after, key, expected) in [
            (599, "early", &found),
            (600, "late", &absent()),
            (86_399, "long", &found),
        ] {
            trial.host.set_clock(Some(NOW + after)).await?;
            let seen = trial.check(promise, &connection, get, key).await?;
            if promise == "storage-ends" || seen != absent() {
                trial.equal(promise, &format!("{key} after {after} s"), expected, &seen);
            }
        }
    }
    trial.host.set_clock(Some(NOW + 600)).await?;
    let seen = trial
        .check("storage-ends", &connection, "storage/put", "late 600 again")
        .await?;
    let stored = vec![("stored".to_owned(), "true".to_owned())];
    trial.equal(
        "storage-ends",
        "what has ended is in nobody's way",
        &stored,
        &seen,
    );
    trial.host.set_clock(None).await
}

/// Whole seconds since 1970, by the machine's clock.
async fn clock(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    let machine =
        || Ok::<_, anyhow::Error>(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
    let before = machine()?;
    let seen = trial.check("clock", &connection, "clock/now", "").await?;
    let after = machine()?;
    let now = seen.first().and_then(|(_, now)| now.parse().ok());
    if !now.is_some_and(|now: u64| (before..=after).contains(&now)) {
        trial.breaks(
            "clock",
            format!("between {before} and {after} it said {seen:?}"),
        );
    }
    Ok(())
}

/// Every draw is new, in every call.
async fn random(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    let mut draws = Vec::new();
    for _ in 0..5 {
        draws.extend(
            trial
                .check("random", &connection, "random/draws", "")
                .await?,
        );
    }
    let all = draws.len();
    draws.sort();
    draws.dedup();
    trial.equal(
        "random",
        "different first draws of five calls",
        &(5, 5),
        &(all, draws.len()),
    );
    Ok(())
}

async fn signatures(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    let seen = trial
        .check("signatures", &connection, "signatures/vectors", "")
        .await?;
    // A probe that tried nothing would find nothing.
    ensure!(
        seen.iter().all(|one| !is(one, ("vectors", "0"))),
        "the probe has no vectors"
    );
    Ok(())
}

/// 50 events of 1 KiB each, without anything that forges a line.
async fn log(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    trial.host.events();
    trial.check("log", &connection, "log/flood", "").await?;
    let mut events = trial.host.events();
    events.retain(|event| connection["id"] == event.connection);
    trial.equal("log", "events kept of 60", &50, &events.len());
    for event in events {
        let texts = event.fields.iter().flat_map(|(name, value)| [name, value]);
        let texts: Vec<&String> = texts.chain([&event.code]).collect();
        let size: usize = texts.iter().map(|text| text.len()).sum();
        if size > 1 << 10 {
            trial.breaks("log", format!("{} has {size} bytes", event.code));
        }
        let forges = |letter: char| {
            letter.is_control()
                || ('\u{2028}'..='\u{202e}').contains(&letter)
                || ('\u{2066}'..='\u{2069}').contains(&letter)
        };
        if let Some(text) = texts.iter().find(|text| text.contains(forges)) {
            trial.breaks("log", format!("{text:?} has a character that forges lines"));
        }
        let is_code = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-/".contains(letter)
        };
        if event.code.is_empty() || !event.code.chars().all(is_code) {
            trial.breaks("log", format!("{:?} is no code", event.code));
        }
    }
    Ok(())
}
