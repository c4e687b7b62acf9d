//! `storage`: stored once, taken once, gone in time.

use crate::contract::sso::provider::storage::{Error, Lookup, put_if_absent, take as take_key};
use crate::report::Report;

/// Keys and values are bytes, any of them, and an empty value is a value.
pub fn bytes(report: &mut Report) {
    let every: Vec<u8> = (0..=255).collect();
    let put = put_if_absent(&every, &every, 600);
    report.equal("storage/any-key", Ok(true), put);
    report.equal(
        "storage/any-value",
        Ok(Lookup::Found(every.clone())),
        take_key(&every),
    );
    report.equal(
        "storage/taken-is-gone",
        Ok(Lookup::Absent),
        take_key(&every),
    );

    report.equal(
        "storage/empty-value",
        Ok(true),
        put_if_absent(b"empty", b"", 600),
    );
    report.equal(
        "storage/empty-value",
        Ok(Lookup::Found(Vec::new())),
        take_key(b"empty"),
    );

    // Keys that differ in a byte that text would lose.
    let keys: [&[u8]; 5] = [b"k", b"k\0", b"K", b"k ", b"\xff\xfe"];
    for (value, key) in (0_u8..).zip(keys) {
        report.equal(
            "storage/keys-are-bytes",
            Ok(true),
            put_if_absent(key, &[value], 600),
        );
    }
    for (value, key) in (0_u8..).zip(keys) {
        report.equal(
            "storage/keys-are-bytes",
            Ok(Lookup::Found(vec![value])),
            take_key(key),
        );
    }
}

/// A live value is not replaced; one that was taken is.
pub fn first_stays(report: &mut Report) {
    report.equal(
        "storage/first-stays",
        Ok(true),
        put_if_absent(b"first", b"1", 600),
    );
    report.equal(
        "storage/first-stays",
        Ok(false),
        put_if_absent(b"first", b"2", 600),
    );
    let taken = take_key(b"first");
    report.equal(
        "storage/first-stays",
        Ok(Lookup::Found(b"1".to_vec())),
        taken,
    );
    report.equal(
        "storage/free-after-take",
        Ok(true),
        put_if_absent(b"first", b"3", 600),
    );
    let taken = take_key(b"first");
    report.equal(
        "storage/free-after-take",
        Ok(Lookup::Found(b"3".to_vec())),
        taken,
    );
}

/// The sizes and times that the contract names, and one more.
pub fn bounds(report: &mut Report) {
    let key = [b'k'; 257];
    let value = vec![b'v'; (16 << 10) + 1];
    for (length, expected) in [
        (1, Ok(true)),
        (256, Ok(true)),
        (0, Err(Error::Invalid)),
        (257, Err(Error::Invalid)),
    ] {
        let key = key.get(..length).unwrap_or_default();
        let found = put_if_absent(key, b"v", 600);
        report.equal(&format!("storage/key-of-{length}"), expected, found);
        let gone = take_key(key).map(|_| true);
        report.equal(&format!("storage/key-of-{length}"), expected, gone);
    }
    for (length, expected) in [(16 << 10, Ok(true)), ((16 << 10) + 1, Err(Error::TooLarge))] {
        let value = value.get(..length).unwrap_or_default();
        let found = put_if_absent(b"size", value, 600);
        report.equal(&format!("storage/value-of-{length}"), expected, found);
    }
    let kept = take_key(b"size").map(|found| found == Lookup::Found(vec![b'v'; 16 << 10]));
    report.equal("storage/value-whole", Ok(true), kept);
    for (time_to_live, expected) in [
        (1, Ok(true)),
        (86_400, Ok(true)),
        (0, Err(Error::Invalid)),
        (86_401, Err(Error::Invalid)),
        (u32::MAX, Err(Error::Invalid)),
    ] {
        let key = time_to_live.to_be_bytes();
        let found = put_if_absent(&key, b"v", time_to_live);
        report.equal(&format!("storage/time-of-{time_to_live}"), expected, found);
    }
}

/// `with` is a key, a time to live and a value.
pub fn put(report: &mut Report, with: &str) {
    let mut words = with.splitn(3, ' ');
    let key = words.next().unwrap_or_default();
    let time_to_live = words.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let value = words.next().unwrap_or_default();
    let stored = put_if_absent(key.as_bytes(), value.as_bytes(), time_to_live);
    report.seen(
        "stored",
        &stored.map_or_else(|error| format!("{error:?}"), |stored| stored.to_string()),
    );
}

/// `with` is a key.
pub fn take(report: &mut Report, with: &str) {
    match take_key(with.as_bytes()) {
        Ok(Lookup::Found(value)) => report.seen("found", &String::from_utf8_lossy(&value)),
        Ok(Lookup::Absent) => report.seen("absent", ""),
        Err(error) => report.seen("error", &format!("{error:?}")),
    }
}
