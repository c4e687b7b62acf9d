//! The product as several processes over one PostgreSQL and one Redis, behind a balancer that knows nothing of sessions.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[path = "../product/browser.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod browser;
mod fleet;

use std::time::{Duration, Instant};

use okta_sso_conformance::stage::proxy::{Cut, Mode};

use crate::fleet::{DATABASE_PASSWORD, Fleet, PEOPLE, email};

#[tokio::test(flavor = "multi_thread")]
async fn begun_at_one_ended_at_another_signed_out_at_a_third() {
    let Some(fleet) = Fleet::open("steps", 3).await else {
        return;
    };
    for person in 0..PEOPLE {
        let [begin, end, leave] = [0, 1, 2].map(|step| (person + step) % 3);
        let browser = fleet.browser();
        let page = fleet.sign_in(begin, end, &browser, person).await;
        page.says(200, "Hello, Person");
        for replica in 0..3 {
            assert_eq!(fleet.me(replica, &browser).await, (200, email(person)));
        }
        fleet.lead_to(begin).await;
        let page = browser.visit(&fleet.at("/")).await;
        fleet.lead_to(leave).await;
        let page = browser.submit(&page, "/logout", &[]).await;
        page.says(200, "You are signed out of Ledgerline in this browser.");
        for replica in 0..3 {
            assert_eq!(fleet.me(replica, &browser).await.0, 401);
        }
        // The provider's session is ended by what the second kept and the third sealed.
        fleet.lead_to(begin).await;
        let page = browser.get(&page.link("Sign out of Okta too")).await;
        assert!(page.status.is_redirection(), "{}", page.text());
        assert_eq!(page.location().path(), "/oauth2/v1/logout");
    }
    assert_eq!(
        fleet.count("SELECT count(*) FROM links").await,
        PEOPLE as i64
    );
    for replica in &fleet.replicas {
        let log = replica.log();
        assert!(log.contains("event"), "it was one of three: {log}");
        assert!(!log.contains(DATABASE_PASSWORD), "{log}");
    }
}

/// What one replica is told holds at the others with the next request.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_locked_out_at_one_is_out_at_all() {
    let Some(fleet) = Fleet::open("locked-out", 3).await else {
        return;
    };
    let (admin, person) = (fleet.browser(), fleet.browser());
    fleet.sign_in(0, 1, &admin, 0).await;
    fleet.sign_in(1, 2, &person, 1).await;
    let late = fleet.browser();
    let callback = fleet.begin(2, &late, 1).await;
    fleet.lead_to(0).await;
    let page = admin.visit(&fleet.at("/people")).await;
    fleet.lead_to(2).await;
    let deactivate = [("action", "deactivate")];
    let page = admin
        .submit_beside(&page, &email(1), "/people/change", &deactivate)
        .await;
    assert!(page.status.is_redirection(), "{}", page.text());
    for replica in 0..3 {
        assert_eq!(fleet.me(replica, &person).await.0, 401);
    }
    // Nor by a sign-in that was on its way, nor by a new one.
    fleet.lead_to(1).await;
    let page = late.visit(&callback).await;
    page.says(403, "does not open an account here");
    let page = fleet.sign_in(1, 0, &fleet.browser(), 1).await;
    page.says(403, "does not open an account here");
}

/// Killed between start and callback: another one finishes it, and the same callback again is refused everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn f_60_a_replica_that_dies_in_the_middle_of_a_login() {
    let Some(mut fleet) = Fleet::open("f-60", 3).await else {
        return;
    };
    let browser = fleet.browser();
    let callback = fleet.begin(0, &browser, 1).await;
    fleet.replicas[0].kill();
    fleet.lead_to(1).await;
    browser.visit(&callback).await.says(200, "Hello, Person");
    assert_eq!(fleet.me(2, &browser).await, (200, email(1)), "F-60");
    browser
        .get(&callback)
        .await
        .says(400, "or was used already.");
}

/// Nobody knows whether the first sign-in was written: the next one finds one link, and never two.
#[tokio::test(flavor = "multi_thread")]
async fn f_33_the_wire_is_cut_at_the_commit() {
    const LINKS: &str = "SELECT count(*) FROM links";
    let Some(fleet) = Fleet::open("f-33", 1).await else {
        return;
    };
    for (person, cut, written) in [(1, Cut::Before, 0), (2, Cut::After, 1)] {
        let before = fleet.count(LINKS).await;
        let browser = fleet.browser();
        let callback = fleet.begin(0, &browser, person).await;
        // A message of its own, and no part of "READ COMMITTED".
        fleet.wire.cut_at("COMMIT\0", cut);
        let page = browser.visit(&callback).await;
        page.says(503, "Something went wrong on our side");
        // The server may still be at it.
        let started = Instant::now();
        while fleet.count(LINKS).await != before + written {
            assert!(started.elapsed() < Duration::from_secs(5), "F-33 {cut:?}");
        }
        for _ in 0..2 {
            let browser = fleet.browser();
            let page = fleet.sign_in(0, 0, &browser, person).await;
            page.says(200, "Hello, Person");
            assert_eq!(fleet.me(0, &browser).await, (200, email(person)), "F-33");
            assert_eq!(fleet.count(LINKS).await, before + 1, "F-33 {cut:?}");
        }
        println!("F-33: cut {cut:?} the commit was read: {written} written; one link in the end");
    }
}

/// A callback at three replicas at the same moment is one session.
#[tokio::test(flavor = "multi_thread")]
async fn mt_31_one_callback_at_every_replica_at_once() {
    const EACH: usize = 10;
    let Some(fleet) = Fleet::open("mt-31", 3).await else {
        return;
    };
    let browser = fleet.browser();
    let callback = fleet.begin(0, &browser, 1).await;
    let cookies = browser.cookie_header(&callback);
    let query = callback.query().unwrap();
    let requests = (0..3 * EACH).map(|number| {
        let url = fleet.replicas[number % 3].at(&format!("/sso/okta/callback?{query}"));
        let request = browser.request_get(&url).header("cookie", &cookies);
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    });
    let mut statuses = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        statuses.push(request.await.unwrap());
    }
    statuses.sort_unstable();
    let mut expected = [400; 3 * EACH];
    expected[0] = 303;
    assert_eq!(statuses, expected, "MT-31");
    assert_eq!(
        fleet.count("SELECT count(*) FROM sessions").await,
        1,
        "MT-31"
    );
}

/// PostgreSQL out of reach: the page says so in time, the balancer is told, and nothing has to be started again.
#[tokio::test(flavor = "multi_thread")]
async fn f_30_the_database_is_out_of_reach() {
    let Some(fleet) = Fleet::open("f-30", 2).await else {
        return;
    };
    assert_eq!(fleet.ready(0).await, (200, serde_json::json!([])));
    fleet.wire.set(Mode::Refuse).await;
    let before = Instant::now();
    fleet.lead_to(0).await;
    let page = fleet.browser().get(&fleet.at("/login?tenant=acme")).await;
    page.says(503, "Something went wrong on our side");
    let waited = before.elapsed();
    assert_eq!(
        fleet.ready(1).await,
        (503, serde_json::json!(["database"])),
        "F-30"
    );
    fleet.wire.set(Mode::Through).await;
    fleet
        .sign_in(0, 1, &fleet.browser(), 1)
        .await
        .says(200, "Hello, Person");
    println!("F-30: the page came after {waited:.1?}");
    assert!(waited < Duration::from_secs(4), "F-30 {waited:?}");
}

/// PostgreSQL neither answers nor closes: nobody waits for ever, and afterwards all is well.
#[tokio::test(flavor = "multi_thread")]
async fn f_31_the_database_hangs() {
    let Some(fleet) = Fleet::open("f-31", 2).await else {
        return;
    };
    let browser = fleet.browser();
    let callback = fleet.begin(0, &browser, 1).await;
    fleet.wire.set(Mode::Hold).await;
    let before = Instant::now();
    let (login, ready) = (
        fleet.at("/login?tenant=acme"),
        fleet.replicas[1].at("/readyz"),
    );
    let timed = async |url| {
        let page = browser.get(url).await;
        (page, before.elapsed())
    };
    let ((page, waited), (ready, until_ready), (back, until_back)) =
        tokio::join!(timed(&login), timed(&ready), timed(&callback));
    page.says(503, "Something went wrong on our side");
    assert_eq!(ready.status, 503, "F-31");
    let not_ready = ready.json().get("not_ready").cloned();
    assert_eq!(not_ready, Some(serde_json::json!(["database"])), "F-31");
    back.says(503, "Something went wrong on our side");
    fleet.wire.set(Mode::Through).await;
    // The callback that could not be answered was not used up.
    browser.visit(&callback).await.says(200, "Hello, Person");
    println!(
        "F-31: not ready after {until_ready:.1?}, the callback answered after {until_back:.1?}, a page given up after \
         {waited:.1?}"
    );
    assert!(until_ready < Duration::from_secs(4), "F-31 {until_ready:?}");
    assert!(until_back < Duration::from_secs(8), "F-31 {until_back:?}");
    assert!(waited < Duration::from_secs(25), "F-31 {waited:?}");
}

/// Told to stop while PostgreSQL hangs, with requests that wait for it: it ends in time, and nobody has to kill it.
#[tokio::test(flavor = "multi_thread")]
async fn f_61_a_stop_while_the_database_hangs() {
    let Some(mut fleet) = Fleet::open("f-61", 1).await else {
        return;
    };
    fleet.lead_to(0).await;
    fleet.wire.set(Mode::Hold).await;
    let (browser, login) = (fleet.browser(), fleet.at("/login?tenant=acme"));
    let asked: Vec<_> = (0..4)
        .map(|_| tokio::spawn(browser.request_get(&login).send()))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = Instant::now();
    assert!(fleet.replicas[0].stops().await, "F-61");
    let waited = before.elapsed();
    for request in asked {
        request.abort();
    }
    println!("F-61: ended {waited:.1?} after it was told to");
    assert!(waited < Duration::from_secs(13), "F-61 {waited:?}");
}

/// A newer program has brought the database further: who runs still says so to the balancer and writes nothing, who starts
/// says why not.
#[tokio::test(flavor = "multi_thread")]
async fn f_38_an_older_program_beside_a_newer_one() {
    let Some(fleet) = Fleet::open("f-38", 1).await else {
        return;
    };
    let browser = fleet.browser();
    let callback = fleet.begin(0, &browser, 1).await;
    sqlx::query("UPDATE ledgerline_version SET version = 99")
        .execute(&fleet.db)
        .await
        .unwrap();
    assert_eq!(
        fleet.ready(0).await,
        (503, serde_json::json!(["version"])),
        "F-38"
    );
    let page = browser.visit(&callback).await;
    page.says(503, "Something went wrong on our side");
    assert_eq!(fleet.count("SELECT count(*) FROM links").await, 0, "F-38");
    let log = fleet.spawn(&fleet.database).fails();
    assert!(log.contains("the database is of version 99"), "{log}");
    assert!(!log.contains(DATABASE_PASSWORD), "{log}");
}

/// The steps of the README. Somebody signs in at every step, at whichever machines, and nobody is signed out.
#[tokio::test(flavor = "multi_thread")]
async fn another_sealing_key_while_people_sign_in() {
    let Some(mut fleet) = Fleet::open("sealing", 2).await else {
        return;
    };
    let before = fleet.browser();
    fleet
        .sign_in(0, 1, &before, 1)
        .await
        .says(200, "Hello, Person");
    fleet.put_key("new", [8; 32]);

    // 2: one after the other is given both.
    fleet.replace(0, &["key", "new"]);
    fleet
        .sign_in(0, 1, &fleet.browser(), 2)
        .await
        .says(200, "Hello, Person");
    fleet.replace(1, &["new", "key"]);
    // One is forgotten.
    let mut forgotten = fleet.spawn(&fleet.database);
    assert!(forgotten.listens(), "{}", forgotten.log());
    fleet.replicas.push(forgotten);

    // 3: while somebody is on the way.
    let waiting = fleet.browser();
    let callback = fleet.begin(1, &waiting, 3).await;
    let said = fleet.reseal(&["new", "key"]);
    assert!(
        said.contains("Sealed anew: 3."),
        "a client secret, two hints: {said}"
    );
    fleet.lead_to(0).await;
    waiting.visit(&callback).await.says(200, "Hello, Person");
    for replica in 0..2 {
        assert_eq!(fleet.ready(replica).await, (200, serde_json::json!([])));
    }
    assert_eq!(fleet.ready(2).await, (503, serde_json::json!(["key"])));
    // It lets nobody in: it does not open the client secret, and could not seal what is left with a session.
    let page = fleet.sign_in(0, 2, &fleet.browser(), 4).await;
    assert!(!page.status.is_success(), "{}", page.text());
    assert_eq!(fleet.count("SELECT count(*) FROM links").await, 3);
    let log = fleet.spawn(&fleet.database).fails();
    assert!(
        log.contains("what is in the database is sealed by the key"),
        "{log}"
    );
    fleet.replicas[2].kill();

    // 4: one after the other does without the old one.
    fleet.replace(0, &["new"]);
    fleet
        .sign_in(0, 1, &fleet.browser(), 5)
        .await
        .says(200, "Hello, Person");
    fleet.replace(1, &["new"]);
    fleet.lead_to(1).await;
    let page = before.visit(&fleet.at("/")).await;
    page.says(200, "Hello, Person");
    let page = before.submit(&page, "/logout", &[]).await;
    let page = before.get(&page.link("Sign out of Okta too")).await;
    assert_eq!(page.location().path(), "/oauth2/v1/logout");
    for replica in &fleet.replicas {
        let log = replica.log();
        assert!(!log.contains(DATABASE_PASSWORD), "{log}");
    }
}

/// A key in the place of the client secret is made at one, served by another, and proves both.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_key_is_every_replicas() {
    let Some(fleet) = Fleet::open("client-key", 2).await else {
        return;
    };
    let admin = fleet.browser();
    fleet.sign_in(0, 1, &admin, 0).await;
    let page = admin.visit(&fleet.at("/settings/sso")).await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_auth", "private-key"),
        ("issuer", &*fleet.issuer),
    ];
    let page = admin.submit(&page, "/settings/sso", &fields).await;
    admin.follow(page).await.says(200, "Saved as a draft.");

    fleet.lead_to(0).await;
    let served = admin.get(&fleet.at("/sso/keys/okta-acme")).await.json();
    let key = served["keys"][0].to_string();
    let console = format!("{}/admin/app/0oaacme/client-authentication", fleet.issuer);
    let console = console.parse().unwrap();
    let fields = [("method", "key"), ("key", &*key)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let told = admin.request_post(&console, &fields);
    assert_eq!(admin.send(&console, told).await.status, 303);

    let page = admin.visit(&fleet.at("/settings/sso/test")).await;
    let page = admin.get(&page.link("Continue to Okta")).await;
    let page = admin.get(&page.location()).await;
    fleet.lead_to(1).await;
    let page = admin.visit(&page.location()).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    for (from, to) in [(0, 1), (1, 0)] {
        let page = fleet.sign_in(from, to, &fleet.browser(), 1 + from).await;
        page.says(200, "Hello, Person");
    }
}

/// What is wrong with an address is said without the address.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_nowhere_is_not_repeated() {
    let Some(fleet) = Fleet::open("nowhere", 0).await else {
        return;
    };
    for (address, says) in [
        (
            "postgres://okta:PASSWORD@127.0.0.1:1/none",
            "the database cannot be opened",
        ),
        (
            "postgres://okta:PASSWORD@127.0.0.1:x/none",
            "the database cannot be opened",
        ),
        (
            "mysql://okta:PASSWORD@127.0.0.1/none",
            "--database mysql://…",
        ),
        ("redis://:PASSWORD@127.0.0.1/0", "--database redis://…"),
    ] {
        let address = address.replace("PASSWORD", DATABASE_PASSWORD);
        let log = fleet.spawn(&address).fails();
        assert!(log.contains(says), "{address}: {log}");
        assert!(!log.contains(DATABASE_PASSWORD), "{address}: {log}");
    }
}
