//! Killed, and told to stop.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_sso_demo::dev_okta::{Endpoint, Switch};

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

/// What a process has in its memory when it dies is on no disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_core_file() {
    let mut product = Product::open("core").await;
    let other = Command::new("sh")
        .args(["-c", "ulimit -c \"$(ulimit -Hc)\"; kill -ABRT $$"])
        .current_dir(&product.folder)
        .status()
        .unwrap();
    if !other.core_dumped() {
        println!("this machine writes no core files: that the product leaves none was not seen");
    }
    product.signs_in(0).await;
    product.signal("ABRT");
    let ended = wait(&mut product.child, Duration::from_secs(10));
    assert_eq!(ended.signal(), other.signal(), "both were aborted");
    assert!(!ended.core_dumped());
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

/// What was asked before has ten seconds, however long a provider takes: three slow answers are twelve.
#[tokio::test(flavor = "multi_thread")]
async fn f_61_a_provider_that_hangs_holds_up_no_end() {
    let mut product = Product::open_with_delay("f-61-hanging", Duration::from_secs(4)).await;
    let browser = Arc::new(Browser::new(product.address));
    let callback = product.callback(&browser, 0).await;
    let switches = product.okta.switches();
    switches.turn_on(Switch::ThinTokens);
    switches.turn_on(Switch::SlowAnswers);
    let asked = product.okta.requests().of(Endpoint::Token);
    let answer = {
        let cookies = browser.cookie_header(&callback);
        let request = browser.request_get(&callback).header("cookie", cookies);
        tokio::spawn(request.send())
    };
    while product.okta.requests().of(Endpoint::Token) == asked {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    product.signal("TERM");
    let status = wait(&mut product.child, Duration::from_secs(15));
    let ended = before.elapsed();
    let answered = answer.await.unwrap().is_ok();
    println!("F-61: a callback that takes twelve seconds: {status} after {ended:.1?}");
    assert!(status.success(), "F-61 {status}");
    assert!(!answered, "F-61: it was over before");
    assert!(ended < Duration::from_secs(12), "F-61 {ended:?}");
    assert_eq!(product.links(0).await, 0, "F-61: nothing half-written");

    switches.turn_all_off();
    product.restart();
    product.signs_in(0).await;
    assert_eq!(product.links(0).await, 1, "F-61");
}
