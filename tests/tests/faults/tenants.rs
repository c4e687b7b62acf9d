//! Tenants beside each other, and one login from many sides at once.

use okta_sso_conformance::stage::provider::Place;
use okta_sso_conformance::stage::proxy::{Mode, Proxy};
use okta_sso_conformance::stage::servers::Server;

use std::time::{Duration, Instant};

use okta_sso_host::{Limits, RedisStorage, Storage as _, StorageError, StorageKey};

use super::*;

#[tokio::test]
async fn mt_01_two_clients_of_one_provider() {
    let stage = Stage::open().await;
    let issuer = stage.provider.issuer();
    let neighbour = stage.host.connection("neighbour", issuer).await.unwrap();
    // A code that was given for the neighbour's client.
    let (own, other) = (
        stage.host.begin(&stage.connection).await.unwrap(),
        stage.host.begin(&neighbour).await.unwrap(),
    );
    let theirs = stage.provider.visit(&other.url, None).unwrap();
    let mine = stage.provider.visit(&own.url, None).unwrap();
    let query = mine.query.replace(&mine.code, &theirs.code);
    let swapped = stage
        .host
        .complete(&stage.connection, &query, &own.browser_binding)
        .await;
    let swapped = refusal(swapped);
    // A provider that redeems it all the same, for a token of the neighbour's.
    let substituted = stage.sign_in(Some(Fault::WrongAudience)).await;
    assert_eq!(
        token_problem(substituted),
        TokenProblem::AudienceMismatch,
        "MT-01"
    );
    assert!(
        ["login/client-rejected", "login/code-rejected"].contains(&swapped.as_str()),
        "MT-01 {swapped}"
    );
    println!("MT-01: a neighbour's code: {swapped}; a neighbour's token: audience-mismatch");
}

/// It is refused there, and takes nothing from the one that it belongs to.
#[tokio::test]
async fn mt_13_a_callback_at_another_connection() {
    for (backend, address) in backends().await {
        let stage = Stage::over(&address).await;
        let issuer = stage.provider.issuer();
        let other = stage.host.connection("other", issuer).await.unwrap();
        let Attempt { query, binding, .. } = &stage.begin(None).await;
        for _ in 0..2 {
            let elsewhere = stage.host.complete(&other, query, binding).await;
            let refused = refusal(elsewhere);
            assert_eq!(refused, "login/transaction-not-found", "MT-13 {backend}");
        }
        assert_eq!(stage.provider.asked(Place::Token), 0, "MT-13 {backend}");
        let own = stage.host.complete(&stage.connection, query, binding);
        own.await.unwrap();
        println!("MT-13 {backend}: refused twice at another connection, then completed at its own");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mt_14_one_key_id_at_two_providers() {
    const CALLS: usize = 50;
    let stage = Arc::new(Stage::open().await);
    let time = Arc::new(stage.provider_time.clone());
    let other = Provider::start(time).await.unwrap();
    let second = stage
        .host
        .connection("second", other.issuer())
        .await
        .unwrap();
    other.is_signed_for_by(&stage.provider);
    stage.provider.is_signed_for_by(&other);
    // Both orders: this one's keys are cached first, then the other's.
    for warm in [true, false] {
        if warm {
            stage.sign_in(None).await.unwrap();
        }
        let calls = (0..CALLS).map(|call| {
            let (stage, other, second) = (stage.clone(), other.clone(), second.clone());
            tokio::spawn(async move {
                let (provider, connection) = if call % 2 == 0 {
                    (&stage.provider, &stage.connection)
                } else {
                    (&other, &second)
                };
                let right = call % 4 < 2;
                let fault = (!right).then_some(Fault::ForeignKey);
                let redirect = stage.host.begin(connection).await.unwrap();
                let visit = provider.visit(&redirect.url, fault).unwrap();
                let binding = &redirect.browser_binding;
                let outcome = stage.host.complete(connection, &visit.query, binding).await;
                match outcome {
                    Ok(signed_in) => {
                        assert!(right, "MT-14: another provider's key was taken");
                        assert_eq!(signed_in.identity.issuer, provider.issuer());
                    }
                    refused => {
                        assert!(!right, "MT-14");
                        assert_eq!(token_problem(refused), TokenProblem::SignatureMismatch);
                    }
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
    }
    let asked = [&stage.provider, &other].map(|provider| provider.asked(Place::Keys));
    println!(
        "MT-14: {CALLS} calls twice, half of the tokens foreign: all refused; keys asked for {asked:?} times"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mt_30_a_hundred_callbacks_are_one_login() {
    const ROUNDS: usize = 10;
    const CALLBACKS: usize = 100;
    // Places for all of them at once, so that none is out of the race.
    let roomy = Limits {
        concurrent: 512,
        concurrent_per_connection: 128,
        queue: Duration::from_secs(15),
        ..Limits::default()
    };
    for (backend, address) in backends().await {
        let mut stage = Stage::over(&address).await;
        let storage = platform::storage(&address).await.unwrap();
        let (time, deadlines) = (Arc::new(stage.time.clone()), platform::short_deadlines());
        let capabilities = platform::capabilities(storage, time, deadlines).unwrap();
        let plugin = Host::with_limits(capabilities, roomy.clone()).unwrap();
        stage.host = Host { plugin };
        let stage = Arc::new(stage);
        let mut most = 0;
        for _ in 0..ROUNDS {
            let attempt = stage.begin(None).await;
            let calls = (0..CALLBACKS).map(|_| {
                let (stage, attempt) = (stage.clone(), attempt.clone());
                tokio::spawn(async move { stage.complete(&attempt).await })
            });
            let mut signed_in = 0;
            for call in calls.collect::<Vec<_>>() {
                match call.await.unwrap() {
                    Ok(_) => signed_in += 1,
                    Err(error) => assert_eq!(
                        error.to_string(),
                        "login/transaction-not-found",
                        "MT-30 {backend}"
                    ),
                }
            }
            let uses = stage.provider.uses(&attempt.code);
            assert_eq!((signed_in, uses), (1, 1), "MT-30 {backend}");
            most = most.max(uses);
        }
        println!(
            "MT-30 {backend}: {ROUNDS} times {CALLBACKS} callbacks at once: one login and {most} token request each"
        );
    }
}

/// Redis replicates asynchronously: what was taken at the primary comes back when it dies before its replica hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn mt_34_a_transaction_that_comes_back_is_of_no_use() {
    let Some((primary, replica, link)) = replicated().await else {
        return;
    };
    let way = Proxy::to(&primary.address()).await.unwrap();
    let stage = Stage::over(&way.instead(&primary.address()).unwrap()).await;
    let attempt = stage.begin(None).await;
    while size(&replica).await == 0 {
        tokio::task::yield_now().await;
    }

    link.set(Mode::Hold).await;
    stage.complete(&attempt).await.unwrap();
    primary.kill().unwrap();
    tell(&replica, &["REPLICAOF", "NO", "ONE"]).await;
    way.set(Mode::Refuse).await;
    way.lead_to(&replica.address());
    way.set(Mode::Through).await;

    let again = loop {
        let again = refusal(stage.complete(&attempt).await);
        if again != "login/storage-unavailable" {
            break again;
        }
    };
    let uses = stage.provider.uses(&attempt.code);
    println!(
        "MT-34: the transaction came back; the code was sent {uses} times, the second time: {again}"
    );
    assert_eq!((uses, again.as_str()), (2, "login/code-rejected"), "MT-34");
    stage.sign_in(None).await.unwrap();
}

/// A take that a replica has to confirm: it does, and when the link is held nobody is let in on the primary's word alone.
#[tokio::test(flavor = "multi_thread")]
async fn mt_34_a_take_can_wait_for_a_replica() {
    let Some((primary, replica, link)) = replicated().await else {
        return;
    };
    let storage = RedisStorage::open(&primary.address()).await.unwrap();
    let storage = storage.confirmed_by(1);
    let put = async |key: &StorageKey| storage.put_if_absent(key, b"v", 0, 600).await.unwrap();
    let key = StorageKey::host("mt-34", b"confirmed");
    assert!(put(&key).await);
    while size(&replica).await == 0 {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    assert_eq!(
        storage.take(&key, 1).await,
        Ok(Some(b"v".to_vec())),
        "MT-34"
    );
    println!(
        "MT-34: confirmed by a replica after {:.1?}",
        before.elapsed()
    );
    assert_eq!(size(&replica).await, 0, "MT-34");

    let key = StorageKey::host("mt-34", b"alone");
    assert!(put(&key).await);
    link.set(Mode::Hold).await;
    let refused = storage.take(&key, 1).await;
    assert_eq!(refused, Err(StorageError::Unavailable), "MT-34");
    // Whoever comes next finds nothing: it was used up.
    assert_eq!(storage.take(&key, 1).await, Ok(None), "MT-34");
}

/// A Redis, its replica, and the link that the replica listens on; none when `SKIP` leaves Redis out.
async fn replicated() -> Option<(Server, Server, Proxy)> {
    let primary = Server::redis().await.unwrap()?;
    let replica = Server::redis().await.unwrap()?;
    let link = Proxy::to(&primary.address()).await.unwrap();
    let port = link.port().to_string();
    tell(&replica, &["REPLICAOF", "127.0.0.1", &port]).await;
    Some((primary, replica, link))
}

async fn tell(server: &Server, words: &[&str]) {
    let client = redis::Client::open(server.address()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async::<()>(&mut connection).await.unwrap();
}

async fn size(server: &Server) -> u64 {
    let client = redis::Client::open(server.address()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("DBSIZE")
        .query_async(&mut connection)
        .await
        .unwrap()
}
