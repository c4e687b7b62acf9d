//! The bad inputs of `tests/inputs` that a provider can send: by which switch each comes to the product.

use std::collections::BTreeSet;
use std::path::Path;

use okta_sso_demo::dev_okta::Switch;

/// Metadata, tokens, claims, addresses and times: what comes before are callbacks and texts, and what follows are documents.
const OF_PROVIDERS: [&str; 5] = [
    "claims.toml",
    "discovery.toml",
    "email.toml",
    "time.toml",
    "tokens.toml",
];

/// A switch for each row, which sends one of its inputs.
const PLAYED: &[(&str, &str)] = &[
    ("BI-066", "metadata-near-issuer"),
    ("BI-067", "metadata-issuer-number"),
    ("BI-068", "metadata-off-host"),
    ("BI-069", "metadata-token-off-host"),
    ("BI-071", "metadata-no-keys"),
    ("BI-072", "metadata-shared-key-alone"),
    ("BI-073", "metadata-no-code"),
    ("BI-074", "metadata-key-alone"),
    ("BI-075", "metadata-huge"),
    ("BI-076", "metadata-plain-alone"),
    ("BI-077", "metadata-html"),
    ("BI-078", "metadata-two-issuers"),
    ("BI-079", "metadata-compressed"),
    ("BI-081", "cut-token"),
    ("BI-083", "nested-token"),
    ("BI-084", "encrypted-token"),
    ("BI-085", "zipped-token"),
    ("BI-086", "unsigned-token"),
    ("BI-087", "shared-key-token"),
    ("BI-090", "json-token"),
    ("BI-091", "critical-header"),
    ("BI-092", "carried-key"),
    ("BI-093", "pointed-key"),
    ("BI-096", "unnamed-key"),
    ("BI-097", "unknown-key"),
    ("BI-098", "long-key-name"),
    ("BI-099", "keys-twice"),
    ("BI-101", "keys-weak"),
    ("BI-104", "padded-token"),
    ("BI-105", "huge-token"),
    ("BI-106a", "near-issuer"),
    ("BI-106c", "empty-subject"),
    ("BI-106e", "no-expiry"),
    ("BI-107", "other-type"),
    ("BI-108", "logout-token"),
    ("BI-109", "access-token"),
    ("BI-110", "wrong-audience"),
    ("BI-112", "several-audiences"),
    ("BI-113", "audience-number"),
    ("BI-114", "near-audience"),
    ("BI-115", "other-party"),
    ("BI-116", "party-number"),
    ("BI-118", "wrong-nonce"),
    ("BI-119", "nonce-number"),
    ("BI-119b", "empty-subject"),
    ("BI-119c", "wrong-token-hash"),
    ("BI-121", "other-case"),
    ("BI-122", "trailing-space"),
    ("BI-124", "tagged"),
    ("BI-125", "two-at-signs"),
    ("BI-127", "odd-email"),
    ("BI-129", "look-alike"),
    ("BI-130", "look-alike"),
    ("BI-136", "other-domain"),
    ("BI-139", "email-list"),
    ("BI-140", "long-email"),
    ("BI-146", "half-pair"),
    ("BI-147", "email-twice"),
    ("BI-149", "other-email"),
    ("BI-151", "expired-token"),
    ("BI-152", "early-token"),
    ("BI-153", "old-token"),
    ("BI-154", "expiry-text"),
    ("BI-160", "expiry-milliseconds"),
    ("BI-161", "expiry-before-1970"),
    ("BI-163", "expiry-milliseconds"),
    ("BI-164", "backward-token"),
    ("BI-165", "long-token"),
    ("BI-166", "expiry-huge"),
    ("BI-167", "sign-in-time-text"),
    ("BI-170", "future-token"),
];

/// Rows without a switch, and why.
const NOT_PLAYED: &[(&[&str], &str)] = &[
    (
        &["BI-080"],
        "two answers at two times, and a switch gives one",
    ),
    (
        &["BI-089", "BI-095", "BI-145", "BI-157", "BI-158"],
        "somebody is signed in: it is unusual, and not wrong",
    ),
    (
        &["BI-102", "BI-103"],
        "the development Okta has keys of RSA alone",
    ),
    (
        &["BI-106b", "BI-106d"],
        "refused as no-expiry and audience-number are",
    ),
    (&["BI-119d"], "no connection of the product asks for them"),
    (
        &[
            "BI-123", "BI-128", "BI-131", "BI-133", "BI-137", "BI-141", "BI-142", "BI-143",
        ],
        "no address, and refused as two-at-signs, odd-email and look-alike are",
    ),
    (
        &["BI-134", "BI-135"],
        "the address of somebody else, and refused as tagged and other-email are",
    ),
    (
        &["BI-148"],
        "a sign-in asks the ID token or UserInfo, and never both",
    ),
    (&["BI-155"], "refused as expiry-text is"),
    (&["BI-159"], "refused as expiry-huge is"),
    (&["BI-169"], "the time of a callback, and no answer"),
];

/// The names of all rows.
fn rows() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/inputs");
    let files = OF_PROVIDERS.map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    let lines = files.iter().flat_map(|file| file.lines());
    lines
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_bad_input_of_a_provider_has_a_switch_or_a_reason() {
    let ids: BTreeSet<_> = Switch::ALL.iter().map(|switch| switch.id()).collect();
    for (row, switch) in PLAYED {
        assert!(ids.contains(switch), "{row}: no switch {switch}");
    }
    let played = PLAYED.iter().map(|(row, _)| *row);
    let others = NOT_PLAYED.iter().flat_map(|(rows, _)| *rows).copied();
    let named: Vec<_> = played.chain(others).map(str::to_owned).collect();
    let once: BTreeSet<_> = named.iter().cloned().collect();
    assert_eq!(once.len(), named.len(), "a row is named twice");
    assert_eq!(once, rows());
}
