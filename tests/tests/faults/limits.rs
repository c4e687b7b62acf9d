//! A host that has no place, no address space or no files left.

use std::path::Path;
use std::time::{Duration, Instant};

use okta_sso_conformance::stage::browser::{self, Browser};
use okta_sso_conformance::stage::platform::millis;
use okta_sso_conformance::stage::provider::{Place, Transport};
use okta_sso_conformance::stage::replica::Replica;
use okta_sso_host::{Deadlines, Limit, Limits};
use tokio::net::TcpStream;

use super::machines::{PROGRAM, orders};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn f_58_a_full_sandbox_tells_so_after_a_second() {
    let stage = Stage::open().await;
    let deadlines = Deadlines {
        headers: Duration::from_secs(2),
        ..Deadlines::default()
    };
    let storage = platform::storage("memory").await.unwrap();
    let capabilities = platform::capabilities(storage, Arc::new(stage.time.clone()), deadlines);
    let limits = Limits {
        concurrent: 4,
        concurrent_per_connection: 4,
        ..Limits::default()
    };
    let plugin = Host::with_limits(capabilities.unwrap(), limits).unwrap();
    let host = Arc::new(Host { plugin });
    let silent = Provider::start(Arc::new(stage.provider_time.clone()))
        .await
        .unwrap();
    silent.set(Place::Metadata, Some(Fault::Transport(Transport::Silence)));
    // One of the four places is for calls that wait for nobody.
    let mut calls = Vec::new();
    for id in ["hanging-0", "hanging-1", "hanging-2"] {
        let hanging = host.connection(id, silent.issuer()).await.unwrap();
        let host = host.clone();
        calls.push(tokio::spawn(async move {
            host.begin(&hanging).await.map(|_| ())
        }));
    }
    while host.plugin.occupancy().busy < 3 {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    let refused = host.begin(&stage.connection).await.err();
    let took = before.elapsed();
    assert_eq!(refused, Some(CallError::Limit(Limit::Busy)), "F-58");
    host.plugin.self_test().await.unwrap();
    for call in calls {
        let outcome = call.await.unwrap();
        assert!(
            matches!(outcome, Err(CallError::Answer(_))),
            "F-58: {outcome:?}"
        );
    }
    host.begin(&stage.connection).await.unwrap();
    println!(
        "F-58: all 3 places taken, told after {}; free again: works",
        millis(took)
    );
    assert!(took < Duration::from_millis(1_500), "F-58 {took:?}");
}

/// 6 GiB of address space are too few for a pool of places, and 64 files for a crowd of connections.
#[tokio::test(flavor = "multi_thread")]
async fn f_62_few_files_and_little_address_space() {
    const CROWD: usize = 200;
    let provider = Provider::start(Arc::new(okta_sso_host::SystemClock))
        .await
        .unwrap();
    let orders = orders("memory", [("acme", &*provider)]);
    let shell = "ulimit -n 64; ulimit -v 6291456; exec \"$@\"";
    let program = Path::new(PROGRAM);
    let mut replica = Replica::start_under(&["sh", "-c", shell, "sh"], program, &orders).unwrap();
    let (browser, address) = (Browser::new().unwrap(), replica.address());

    let idle: Vec<_> = (0..CROWD).map(|_| TcpStream::connect(address)).collect();
    let mut held = Vec::new();
    for stream in idle {
        held.extend(
            tokio::time::timeout(Duration::from_secs(1), stream)
                .await
                .ok(),
        );
    }
    let files = replica.open_files().unwrap();
    assert!(
        files >= 60,
        "F-62: {files} files are open, the crowd takes no more"
    );
    assert!(replica.lives(), "F-62: it goes on without files");
    drop(held);

    // The crowd has gone: people sign in, several at once.
    let before = Instant::now();
    let logins: Vec<_> = (0..16)
        .map(|_| {
            let (browser, provider) = (browser.clone(), provider.clone());
            tokio::spawn(async move {
                loop {
                    let browser::Outcome::Done(begun) = browser.start(address, "acme").await else {
                        assert!(before.elapsed() < Duration::from_secs(20), "F-62");
                        continue;
                    };
                    let visit = provider.visit(&begun.url, None).unwrap();
                    match browser.callback(address, &visit.query, &begun.cookie).await {
                        browser::Outcome::Done((subject, _)) => {
                            assert_eq!(subject, visit.subject);
                            return;
                        }
                        other => panic!("F-62: {other:?}"),
                    }
                }
            })
        })
        .collect();
    for login in logins {
        login.await.unwrap();
    }
    assert!(replica.lives(), "F-62");
    println!(
        "F-62: {CROWD} connections to a process that may open 64 files ({files} are open) and has 6 GiB of address space: \
         alive; 16 logins at once afterwards took {}",
        millis(before.elapsed())
    );
}
