//! Killed, told to stop, and flooded.

use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_sso_demo::dev_okta::{Endpoint, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::browser::Browser;
use crate::stage::{PEOPLE, Product, email};

/// Ends within the time, and how.
fn wait(child: &mut Child, most: Duration) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(started.elapsed() < most, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_33_killed_while_it_pins() {
    let mut product = Product::open("f-33").await;
    let mut pinned_before = 0;
    for person in 0..PEOPLE {
        let browser = Arc::new(Browser::new(product.address));
        let callback = product.callback(&browser, person).await;
        let request = {
            let (browser, url) = (Arc::clone(&browser), callback.clone());
            let request = browser
                .request_get(&url)
                .header("cookie", browser.cookie_header(&url));
            tokio::spawn(async move { request.send().await.map(|_| ()) })
        };
        // Somewhere between the first byte and the answer.
        tokio::time::sleep(Duration::from_millis(3 * person as u64)).await;
        product.kill();
        let _ = request.await.unwrap(); // answered or not: nobody knows whether it was committed
        let links = product.links(person).await;
        assert!(links <= 1, "F-33 {links}");
        pinned_before += links;

        product.restart();
        let browser = Browser::new(product.address);
        let callback = product.callback(&browser, person).await;
        browser.get(&callback).await;
        assert_eq!(product.me(&browser).await, email(person), "F-33");
        assert_eq!(product.links(person).await, 1, "F-33");
    }
    println!(
        "F-33: {PEOPLE} first sign-ins, the process killed during each: {pinned_before} were pinned by then; \
         all signed in at the next, with one link each"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_61_told_to_stop_during_a_callback() {
    let mut product = Product::open("f-61").await;
    let browser = Arc::new(Browser::new(product.address));
    let callback = product.callback(&browser, 0).await;
    // The token endpoint takes a second.
    product.okta.switches().turn_on(Switch::SlowAnswers);
    let asked = product.okta.requests().of(Endpoint::Token);
    let answer = {
        let (browser, callback) = (Arc::clone(&browser), callback.clone());
        tokio::spawn(async move { browser.get(&callback).await })
    };
    while product.okta.requests().of(Endpoint::Token) == asked {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    product.signal("TERM");
    let page = answer.await.unwrap();
    assert!(
        page.status.is_redirection(),
        "F-61: {} {}",
        page.status,
        page.text()
    );
    let answered = before.elapsed();
    let status = wait(&mut product.child, Duration::from_secs(10));
    println!(
        "F-61: told to stop during a callback: answered after {answered:.1?}, {status} after {:.1?}",
        before.elapsed()
    );
    assert!(status.success(), "F-61 {status}");

    // The session that was opened then is good at the next start.
    product.okta.switches().turn_all_off();
    product.restart();
    assert_eq!(product.me(&browser).await, email(0), "F-61");
}

/// Files that this process may open.
fn files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap_or(usize::MAX)
}

/// How long the product holds a connection that says nothing; none for one that it never had.
///
/// Where the queue at the door is full at the last step, Linux has the connection on this side alone, and nothing ends it
/// while nothing is sent (tcp(7), `tcp_abort_on_overflow`). A byte tells: the product's own are ended by then.
async fn held(address: SocketAddr) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(30);
    let stream = timeout(Duration::from_secs(3), TcpStream::connect(address)).await;
    let mut stream = stream.ok()?.ok()?; // or there was no more room at the door
    let connected = Instant::now();
    let mut byte = [0; 1];
    if timeout(LONGEST, stream.read(&mut byte)).await.is_ok() {
        return Some(connected.elapsed());
    }
    let _ = stream.write_all(b"?").await; // refused, or a beginning
    let ended = timeout(LONGEST, stream.read(&mut byte)).await;
    assert!(ended.is_ok(), "F-63: a silent connection is never ended");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn f_63_thousands_of_silent_connections() {
    let product = Product::open("f-63").await;
    let crowd = files().saturating_sub(300).min(10_000);
    let started = Instant::now();
    let address = product.address;
    let silent: Vec<_> = (0..crowd).map(|_| tokio::spawn(held(address))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let browser = Browser::new(product.address);
    let before = Instant::now();
    let callback = product.callback(&browser, 0).await;
    browser.get(&callback).await;
    assert_eq!(product.me(&browser).await, email(0), "F-63");
    let login = before.elapsed();

    let mut longest = Duration::ZERO;
    let mut connected = 0;
    for stream in silent {
        if let Some(held) = stream.await.unwrap() {
            connected += 1;
            longest = longest.max(held);
        }
    }
    println!(
        "F-63: {connected} of {crowd} silent connections came in and were ended, each after {longest:.1?} at most; \
         beside them a login took {login:.1?}, all was over after {:.1?}",
        started.elapsed()
    );
    assert!(connected >= crowd.min(1_000), "F-63: there was a crowd");
    assert!(login < Duration::from_secs(30), "F-63 {login:?}");
}
