//! One tenant's provider hangs; the others do not notice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong here shall stop the test"
)]

mod platform;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_sso_host::contract::{Connection, LoginRequest, Network};
use okta_sso_host::{Component, HttpClient, HttpOptions, Limits, Pin, Plugin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::platform::{capabilities, settings};

/// Sign-ins that the hanging tenant begins at once.
const CROWD: usize = 500;
const SAMPLES: usize = 400;

/// A provider of metadata alone, which answers, or never does.
async fn provider(answers: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = format!(
        r#"{{"issuer": "{issuer}", "authorization_endpoint": "{issuer}/a",
        "token_endpoint": "{issuer}/t", "jwks_uri": "{issuer}/k", "userinfo_endpoint": "{issuer}/u",
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"]}}"#
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{metadata}",
        metadata.len()
    );
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if !answers {
                held.push(stream);
                continue;
            }
            let answer = answer.clone();
            tokio::spawn(async move {
                while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    issuer
}

async fn connection(plugin: &Plugin, id: &str, issuer: &str) -> Connection {
    let mut settings = settings(issuer);
    settings.connection_id = id.to_owned();
    settings.policy.network = Network::DangerLoopback;
    plugin.check(&settings).await.unwrap().connection
}

const REQUEST: LoginRequest = LoginRequest {
    login_hint: None,
    return_to: None,
    prompt: None,
};

/// The times of begun sign-ins, sorted. None may fail.
async fn times(plugin: &Plugin, connection: &Connection) -> Vec<Duration> {
    let mut times = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let before = Instant::now();
        plugin.begin(connection, &REQUEST).await.unwrap();
        times.push(before.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort();
    times
}

async fn plugin() -> Plugin {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    let options = HttpOptions {
        danger_allow_loopback: true,
        ..HttpOptions::default()
    };
    let http = Arc::new(HttpClient::new(&options).unwrap());
    Plugin::builder()
        .component(Component::from_path(path, Pin::Sidecar).expect("run make plugin"))
        .capabilities(capabilities().with_http(http))
        .load()
        .unwrap()
}

/// T38: as many companies as places that a connection may hold, each with a provider that hangs. Neither another company nor
/// the host itself waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn many_hanging_providers_leave_places_to_the_others() {
    const HANGING: usize = 16;
    let plugin = plugin().await;
    let quiet = connection(&plugin, "quiet", &provider(true).await).await;
    let issuer = provider(false).await;
    let mut crowd = Vec::new();
    for number in 0..HANGING {
        let hanging = connection(&plugin, &format!("hanging-{number}"), &issuer).await;
        for _ in 0..20 {
            let (plugin, connection) = (plugin.clone(), hanging.clone());
            crowd.push(tokio::spawn(async move {
                plugin.begin(&connection, &REQUEST).await
            }));
        }
    }
    let full = async {
        // Each has one, and as many again are shared out.
        while plugin.occupancy().busy < HANGING * 2 - 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), full)
        .await
        .unwrap();
    let held = plugin.occupancy();
    plugin.begin(&quiet, &REQUEST).await.unwrap();
    plugin.self_test().await.unwrap();
    assert!(
        plugin
            .explain("login/connection-changed", "en")
            .await
            .unwrap()
            .is_some()
    );
    println!("T38 held by {HANGING} that hang: {held:?}");
    for call in crowd {
        assert!(call.await.unwrap().is_err());
    }
    assert_eq!(plugin.occupancy().busy, 0, "every place is back");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_14_a_hanging_provider_is_its_own_tenants_trouble() {
    let plugin = plugin().await;
    let quiet = connection(&plugin, "quiet", &provider(true).await).await;
    let hanging = connection(&plugin, "hanging", &provider(false).await).await;

    let alone = times(&plugin, &quiet).await;
    let started = Instant::now();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let (plugin, connection) = (plugin.clone(), hanging.clone());
            tokio::spawn(async move { plugin.begin(&connection, &REQUEST).await })
        })
        .collect();
    let beside = times(&plugin, &quiet).await;
    let during = plugin.occupancy();
    let mut failed = 0;
    for call in crowd {
        failed += usize::from(call.await.unwrap().is_err());
    }
    let took = started.elapsed();
    let p = |times: &[Duration], percent: usize| times.get(times.len() * percent / 100).copied();
    let (alone, beside) = (
        [p(&alone, 50), p(&alone, 99)],
        [p(&beside, 50), p(&beside, 99)],
    );
    println!(
        "F-14 p50, p99 of the other tenant: alone {alone:.1?}, beside {CROWD} that hang {beside:.1?}"
    );
    println!("F-14 the hanging tenant's: {failed} of {CROWD} told so within {took:.1?}");
    println!("F-14 places: {during:?}");
    assert_eq!(failed, CROWD, "F-14");
    // Counted, because a time says little on a busy machine: nobody waited for a place that a hanging call held.
    let each = Limits::default().concurrent_per_connection as usize;
    assert_eq!(during.waited, 0, "F-14");
    assert!(during.busy <= each, "F-14");
    // One deadline of 5 s for those that are let in; the others are told to come back after 1 s.
    assert!(took < Duration::from_secs(8), "F-14 {took:?}");
    let [Some(alone), Some(beside)] = [alone[0], beside[0]] else {
        panic!("no samples");
    };
    // Far from what a queue behind hanging calls would be; the figures above are to be read on a quiet machine.
    let most = alone * 5 + Duration::from_millis(20);
    assert!(beside < most, "F-14 {beside:?}, alone {alone:?}");
}
