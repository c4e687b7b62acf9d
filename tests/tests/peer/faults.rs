//! Every wrong answer that `tests/peer/faults.mjs` gives has its own name here.

use crate::open;
use crate::stage::{SECRET, Stage, Wishes};

/// Nothing is wrong with it: it is rare, and right.
pub(crate) const RIGHT: &str = "";

pub(crate) const FAULTS: &[(&str, &str)] = &[
    ("callback-without-iss", "login/response-issuer-missing"),
    ("callback-other-iss", "login/response-issuer-mismatch"),
    ("callback-two-codes", "login/callback-malformed"),
    ("callback-session-state", RIGHT),
    ("token-500", "login/provider-unavailable/token"),
    ("token-html", "login/provider-misbehaved/token/content-type"),
    ("token-twice", "login/provider-misbehaved/token/not-json"),
    ("token-cut", "login/provider-unavailable/token"),
    ("token-type-odd-case", RIGHT),
    (
        "token-type-other",
        "login/provider-misbehaved/token/unsupported",
    ),
    ("token-without-expires-in", RIGHT),
    (
        "token-without-id-token",
        "login/provider-misbehaved/token/missing-member",
    ),
    (
        "id-token-flipped-bit",
        "login/token-rejected/signature-mismatch",
    ),
    (
        "id-token-unsigned",
        "login/token-rejected/algorithm-not-allowed",
    ),
    (
        "id-token-hmac",
        "login/token-rejected/algorithm-not-allowed",
    ),
    (
        "id-token-elliptic",
        "login/token-rejected/algorithm-not-allowed",
    ),
    ("id-token-unknown-kid", "login/token-rejected/key-not-found"),
    ("id-token-logout-type", "login/token-rejected/wrong-type"),
    (
        "id-token-other-issuer",
        "login/token-rejected/issuer-mismatch",
    ),
    (
        "id-token-other-audience",
        "login/token-rejected/audience-mismatch",
    ),
    (
        "id-token-second-audience",
        "login/token-rejected/audience-mismatch",
    ),
    ("id-token-audience-list", RIGHT),
    (
        "id-token-other-party",
        "login/token-rejected/authorized-party-mismatch",
    ),
    ("id-token-expired", "login/token-rejected/expired"),
    (
        "id-token-from-tomorrow",
        "login/token-rejected/issued-at-unacceptable",
    ),
    (
        "id-token-other-nonce",
        "login/token-rejected/nonce-mismatch",
    ),
    (
        "id-token-without-nonce",
        "login/token-rejected/nonce-missing",
    ),
    (
        "id-token-without-subject",
        "login/token-rejected/member-missing",
    ),
    (
        "id-token-other-access-token",
        "login/token-rejected/access-token-hash-mismatch",
    ),
    (
        "user-info-other-subject",
        "login/provider-misbehaved/user-info/subject-mismatch",
    ),
    ("user-info-without-email", "login/email-missing"),
    ("user-info-unverified", "login/email-unverified"),
    ("user-info-other-domain", "login/email-domain-not-approved"),
    (
        "user-info-401",
        "login/provider-misbehaved/user-info/status",
    ),
    ("keys-html", "login/provider-misbehaved/keys/content-type"),
    ("keys-none", "login/provider-misbehaved/keys/no-usable-key"),
    (
        "metadata-other-issuer",
        "login/provider-misbehaved/metadata/issuer-mismatch",
    ),
    (
        "metadata-elsewhere",
        "login/provider-misbehaved/metadata/endpoint-off-host",
    ),
    ("metadata-404", "login/provider-misbehaved/metadata/status"),
];

#[tokio::test]
async fn each_has_its_name() {
    let mut stage = open!(Wishes::default());
    let mut known = stage.provider.faults();
    let mut wrong = Vec::new();
    for (fault, expected) in FAULTS.iter().copied() {
        known.retain(|name| name != fault);
        stage.restart(SECRET);
        let before = stage.provider.requests("token");
        stage.provider.fault(Some(fault));
        let found = match stage.sign_in(&stage.person("ada")).await {
            Ok(_) => RIGHT.to_owned(),
            Err(refusal) => refusal.code(),
        };
        stage.provider.fault(None);
        let tokens = stage.provider.requests("token") - before;
        // Nothing is sent on for a callback that is not believed, and nothing twice.
        let most = u64::from(!fault.starts_with("callback-") || expected == RIGHT);
        let given = stage.provider.requests(fault);
        if found != expected || tokens > most || given == 0 {
            wrong.push(format!(
                "{fault}, given {given} times: {found}, {tokens} token requests"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(known.is_empty(), "without an expectation: {known:?}");
    stage
        .sign_in(&stage.person("ada"))
        .await
        .expect("all is well again");
}
