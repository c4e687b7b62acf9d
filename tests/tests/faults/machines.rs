//! Several processes over one storage: each finishes what another began, whichever dies.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use okta_sso_conformance::stage::browser::{self, Begun, Browser};
use okta_sso_conformance::stage::platform::millis;
use okta_sso_conformance::stage::provider::{Place, Transport, Visit};
use okta_sso_conformance::stage::proxy::{Mode, Proxy};
use okta_sso_conformance::stage::replica::{Orders, Replica};
use okta_sso_host::SystemClock;
use sha2::{Digest, Sha256};

use super::*;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_okta-sso-conformance");
const NOT_FOUND: &str = "login/transaction-not-found";

pub(crate) fn orders<'a>(
    storage: &str,
    tenants: impl IntoIterator<Item = (&'a str, &'a Provider)>,
) -> Orders {
    let tenants = tenants
        .into_iter()
        .map(|(tenant, provider)| (tenant, provider.issuer()));
    Orders {
        storage: storage.to_owned(),
        tenants: tenants
            .map(|(tenant, issuer)| (tenant.to_owned(), issuer.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        component: platform::component(),
        cache: Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"),
        haste: 1,
    }
}

/// Replicas over one storage, a provider, and people.
struct Fleet {
    provider: Arc<Provider>,
    replicas: Vec<Replica>,
    browser: Browser,
}

type SignedIn = browser::Outcome<(String, String)>;

impl Fleet {
    async fn open(storage: &str, replicas: usize) -> Self {
        let provider = Provider::start(Arc::new(SystemClock)).await.unwrap();
        let orders = orders(storage, [("acme", &*provider)]);
        let start = |_| Replica::start(Path::new(PROGRAM), &orders).unwrap();
        Self {
            replicas: (0..replicas).map(start).collect(),
            provider,
            browser: Browser::new().unwrap(),
        }
    }

    /// Begins at one replica, and visits the provider.
    async fn begin(&self, at: usize, fault: Option<Fault>) -> (Begun, Visit) {
        let begun = self
            .browser
            .start(self.replicas[at].address(), "acme")
            .await;
        let browser::Outcome::Done(begun) = begun else {
            panic!("{begun:?}");
        };
        let visit = self.provider.visit(&begun.url, fault).unwrap();
        (begun, visit)
    }

    async fn callback(&self, at: usize, (begun, visit): &(Begun, Visit)) -> SignedIn {
        let address = self.replicas[at].address();
        self.browser
            .callback(address, &visit.query, &begun.cookie)
            .await
    }
}

#[track_caller]
fn hint(outcome: SignedIn, (_, visit): &(Begun, Visit)) -> String {
    match outcome {
        browser::Outcome::Done((subject, hint)) => {
            assert_eq!(subject, visit.subject);
            hint
        }
        other => panic!("{other:?}"),
    }
}

fn is_not_found(outcome: &SignedIn) -> bool {
    *outcome == browser::Outcome::Refused(NOT_FOUND.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn any_replica_finishes_what_another_began() {
    const LOGINS: usize = 30;
    for (backend, address) in shared_backends().await {
        let fleet = Fleet::open(&address, 3).await;
        let before = Instant::now();
        for login in 0..LOGINS {
            let [start, callback, logout] = [0, 1, 2].map(|step| (login + step) % 3);
            let attempt = fleet.begin(start, None).await;
            let hint = hint(fleet.callback(callback, &attempt).await, &attempt);
            let place = fleet.replicas[logout].address();
            let url = fleet
                .browser
                .post(place, "/logout?tenant=acme", hint)
                .await
                .unwrap();
            assert!(url.starts_with(fleet.provider.issuer()), "{url}");
        }
        println!(
            "{backend}: {LOGINS} logins, each begun, ended and signed out at three replicas, {} each",
            millis(before.elapsed() / LOGINS as u32)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mt_31_one_login_of_a_callback_at_two_replicas() {
    const ROUNDS: usize = 20;
    for (backend, address) in shared_backends().await {
        let fleet = Arc::new(Fleet::open(&address, 2).await);
        for _ in 0..ROUNDS {
            let attempt = fleet.begin(0, None).await;
            let calls = (0..20).map(|call| {
                let (fleet, attempt) = (fleet.clone(), attempt.clone());
                tokio::spawn(async move { fleet.callback(call % 2, &attempt).await })
            });
            let mut signed_in = 0;
            for call in calls.collect::<Vec<_>>() {
                match call.await.unwrap() {
                    browser::Outcome::Done(_) => signed_in += 1,
                    other => assert!(is_not_found(&other), "MT-31 {backend}: {other:?}"),
                }
            }
            let uses = fleet.provider.uses(&attempt.1.code);
            assert_eq!((signed_in, uses), (1, 1), "MT-31 {backend}");
        }
        println!(
            "MT-31 {backend}: {ROUNDS} times 20 callbacks at two replicas: one login and one token request each"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_killed_between_start_and_callback() {
    const KILLS: usize = 5;
    for (backend, address) in backends().await {
        let mut fleet = Fleet::open(&address, 1).await;
        let mut finished = 0;
        for _ in 0..KILLS {
            let attempt = fleet.begin(0, None).await;
            fleet.replicas[0].kill().unwrap();
            fleet.replicas[0].restart().unwrap();
            match fleet.callback(0, &attempt).await {
                browser::Outcome::Done(_) => finished += 1,
                other => assert!(is_not_found(&other), "F-60 {backend}: {other:?}"),
            }
        }
        println!(
            "F-60 {backend}: killed and started again {KILLS} times, {finished} logins finished"
        );
        let expected = if backend == "memory" { 0 } else { KILLS };
        assert_eq!(finished, expected, "F-60 {backend}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mt_32_a_callback_again_after_a_restart() {
    for (backend, address) in backends().await {
        let mut fleet = Fleet::open(&address, 1).await;
        let attempt = fleet.begin(0, None).await;
        hint(fleet.callback(0, &attempt).await, &attempt);
        fleet.replicas[0].kill().unwrap();
        fleet.replicas[0].restart().unwrap();
        let again = fleet.callback(0, &attempt).await;
        assert!(is_not_found(&again), "MT-32 {backend}: {again:?}");
        let uses = fleet.provider.uses(&attempt.1.code);
        assert_eq!(uses, 1, "MT-32 {backend}");
        println!(
            "MT-32 {backend}: killed after the login; the callback again: not found, {uses} token request"
        );
    }
}

/// The token request is on its way when the process dies: what was taken stays taken.
#[tokio::test(flavor = "multi_thread")]
async fn f_60_killed_in_the_middle_of_a_callback() {
    const LOGINS: usize = 8;
    for (backend, address) in shared_backends().await {
        let mut fleet = Fleet::open(&address, 2).await;
        fleet.provider.asked(Place::Token);
        let silence = Some(Fault::Transport(Transport::Silence));
        let mut attempts = Vec::new();
        for _ in 0..LOGINS {
            attempts.push(fleet.begin(0, silence).await);
        }
        let place = fleet.replicas[0].address();
        let callbacks: Vec<_> = attempts
            .iter()
            .map(|(begun, visit)| {
                let (browser, query) = (fleet.browser.clone(), visit.query.clone());
                let cookie = begun.cookie.clone();
                tokio::spawn(async move { browser.callback(place, &query, &cookie).await })
            })
            .collect();
        let mut asked = 0;
        while asked < LOGINS as u32 {
            asked += fleet.provider.asked(Place::Token);
            tokio::task::yield_now().await;
        }
        fleet.replicas[0].kill().unwrap();
        for callback in callbacks {
            assert_eq!(callback.await.unwrap(), browser::Outcome::Lost);
        }
        let mut again = 0;
        for attempt in &attempts {
            let outcome = fleet.callback(1, attempt).await;
            assert!(is_not_found(&outcome), "F-60 {backend}: {outcome:?}");
            assert_eq!(fleet.provider.uses(&attempt.1.code), 1, "F-60 {backend}");
            // The person starts again.
            let attempt = fleet.begin(1, None).await;
            hint(fleet.callback(1, &attempt).await, &attempt);
            again += 1;
        }
        println!(
            "F-60 {backend}: killed amid {LOGINS} callbacks: no code sent twice, {again} signed in at the next start"
        );
    }
}

/// Replicas are replaced one after another by a component that writes transactions of another form.
#[tokio::test(flavor = "multi_thread")]
async fn f_38_a_rolling_upgrade() {
    // Between an old and a new replica, four ways of nine, twice; everywhere else nobody notices.
    upgrade(
        "upgrade",
        (b"transaction 1", b"transaction 2"),
        "forms of transactions",
        (28, 8),
    )
    .await;
}

/// And by one that was made for another patch of the contract: each finishes what the other begins.
#[tokio::test(flavor = "multi_thread")]
async fn f_38_two_versions_of_the_contract() {
    upgrade(
        "contract",
        (b"@0.1.0", b"@0.1.1"),
        "versions of the contract",
        (36, 0),
    )
    .await;
}

/// Three replicas, one after another with the component in which `new` stands instead of `old`; how many sign-ins finish,
/// and how many have to be begun again.
async fn upgrade(name: &str, (old, new): (&[u8], &[u8]), of: &str, expected: (u32, u32)) {
    let folder = folder(name);
    let next = folder.join("okta_sso.wasm");
    let (bytes, places) = exchanged(&std::fs::read(platform::component()).unwrap(), old, new);
    println!("F-38: exchanged in {places} places");
    std::fs::write(&next, &bytes).unwrap();
    let digest = Sha256::digest(&bytes);
    let pin: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(folder.join("okta_sso.wasm.sha256"), pin).unwrap();

    for (backend, address) in shared_backends().await {
        let fleet = Fleet::open(&address, 3).await;
        let upgrade = async |at: usize| {
            let place = fleet.replicas[at].address();
            let file = next.to_str().unwrap().to_owned();
            fleet.browser.post(place, "/replace", file).await.unwrap();
        };
        let (mut finished, mut begun_again) = (0, 0);
        let mut round = async || {
            // From each replica to each.
            for (start, end) in (0..3).flat_map(|start| (0..3).map(move |end| (start, end))) {
                let attempt = fleet.begin(start, None).await;
                match fleet.callback(end, &attempt).await {
                    browser::Outcome::Done(_) => finished += 1,
                    other => {
                        assert!(is_not_found(&other), "F-38 {backend}: {other:?}");
                        assert_eq!(
                            fleet.provider.uses(&attempt.1.code),
                            0,
                            "F-38: refused before the token"
                        );
                        let attempt = fleet.begin(end, None).await;
                        hint(fleet.callback(end, &attempt).await, &attempt);
                        begun_again += 1;
                    }
                }
            }
        };
        round().await;
        upgrade(0).await;
        round().await; // one new, two old
        upgrade(1).await;
        round().await; // two new, one old
        upgrade(2).await;
        round().await;
        println!(
            "F-38 {backend}: two {of} side by side: {finished} logins finished, {begun_again} were told to start again and \
             signed in"
        );
        assert_eq!((finished, begun_again), expected, "F-38 {backend}");
    }
}

/// The component with these bytes, wherever they stand, exchanged for others of the same length; in how many places.
fn exchanged(component: &[u8], old: &[u8], new: &[u8]) -> (Vec<u8>, usize) {
    assert_eq!(old.len(), new.len());
    let windows = component.windows(old.len()).enumerate();
    let places: Vec<_> = windows
        .filter(|(_, window)| *window == old)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "nowhere");
    let mut other = component.to_vec();
    for at in &places {
        other[*at..at + new.len()].copy_from_slice(new);
    }
    (other, places.len())
}

/// The storage goes away under a host that serves: each step says so in time, and what was begun is finished afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn f_30_f_31_storage_fails_under_a_login() {
    for (backend, address) in shared_backends().await {
        if backend == "sqlite" {
            continue; // no server, nothing between
        }
        let proxy = Proxy::to(&address).await.unwrap();
        let fleet = Fleet::open(&proxy.instead(&address).unwrap(), 1).await;
        for (mode, most) in [(Mode::Refuse, 1_500), (Mode::Hold, 2_500)] {
            let attempt = fleet.begin(0, None).await;
            proxy.set(mode).await;
            let before = Instant::now();
            let callback = fleet.callback(0, &attempt).await;
            let told = before.elapsed();
            let start = fleet
                .browser
                .start(fleet.replicas[0].address(), "acme")
                .await;
            let unavailable = "login/storage-unavailable".to_owned();
            assert_eq!(
                callback,
                browser::Outcome::Refused(unavailable.clone()),
                "F-30 {backend}"
            );
            assert!(matches!(start, browser::Outcome::Refused(code) if code == unavailable));
            assert!(
                told < Duration::from_millis(most),
                "F-31 {backend} {mode:?}: {told:?}"
            );
            proxy.set(Mode::Through).await;
            let before = Instant::now();
            loop {
                match fleet.callback(0, &attempt).await {
                    browser::Outcome::Done(_) => break,
                    other => assert!(
                        before.elapsed() < Duration::from_secs(5)
                            && other == browser::Outcome::Refused(unavailable.clone()),
                        "F-30 {backend}: {other:?}"
                    ),
                }
            }
            println!(
                "F-30, F-31 {backend} {mode:?}: told after {}; the same login finished {} after it was back",
                millis(told),
                millis(before.elapsed())
            );
        }
    }
}
