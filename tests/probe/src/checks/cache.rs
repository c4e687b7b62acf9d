//! `cache`: it may forget, but not make up.

use crate::contract::sso::provider::cache::{get as get_key, put as put_key};
use crate::contract::sso::provider::storage::{Lookup, put_if_absent, take};
use crate::report::Report;

/// The last value, or none.
pub fn replaces(report: &mut Report) {
    put_key(b"replaced", b"1", 600);
    put_key(b"replaced", b"2", 600);
    for _ in 0..2 {
        let found = get_key(b"replaced");
        if !matches!(&found, Lookup::Absent) {
            report.equal("cache/the-last-value", Lookup::Found(b"2".to_vec()), found);
        }
    }
    report.equal(
        "cache/nothing-made-up",
        Lookup::Absent,
        get_key(b"never put"),
    );
}

/// What is kept is kept whole; too much is not kept and ends nothing.
pub fn bounds(report: &mut Report) {
    let value = vec![b'v'; (256 << 10) + 1];
    put_key(b"large", value.get(1..).unwrap_or_default(), 600);
    if let Lookup::Found(found) = get_key(b"large") {
        report.equal("cache/whole", 256 << 10, found.len());
    }
    put_key(b"too large", &value, 600);
    let kept = matches!(get_key(b"too large"), Lookup::Found(found) if found.len() != value.len());
    report.equal("cache/whole", false, kept);
}

/// The same key in both is two entries.
pub fn apart_from_storage(report: &mut Report) {
    put_key(b"both", b"cached", 600);
    report.equal(
        "cache/apart-from-storage",
        Ok(Lookup::Absent),
        take(b"both"),
    );
    report.equal(
        "cache/apart-from-storage",
        Ok(true),
        put_if_absent(b"both", b"stored", 600),
    );
    let found = get_key(b"both");
    if !matches!(&found, Lookup::Absent) {
        report.equal(
            "cache/apart-from-storage",
            Lookup::Found(b"cached".to_vec()),
            found,
        );
    }
    let taken = take(b"both");
    report.equal(
        "cache/apart-from-storage",
        Ok(Lookup::Found(b"stored".to_vec())),
        taken,
    );
}

/// `with` is a key, a time to live and a value.
pub fn put(with: &str) {
    let mut words = with.splitn(3, ' ');
    let key = words.next().unwrap_or_default();
    let time_to_live = words.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    put_key(
        key.as_bytes(),
        words.next().unwrap_or_default().as_bytes(),
        time_to_live,
    );
}

/// `with` is a key.
pub fn get(report: &mut Report, with: &str) {
    match get_key(with.as_bytes()) {
        Lookup::Found(value) => report.seen("found", &String::from_utf8_lossy(&value)),
        Lookup::Absent => report.seen("absent", ""),
    }
}
