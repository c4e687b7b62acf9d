//! Two tenants in one database.

use super::*;

/// Acme as above, and Globex with g.com approved and `anna@a.com`, `gina@g.com` invited.
async fn acme_and_globex() -> AnyPool {
    let db = acme().await;
    let tenant = Tenant {
        id: "globex".to_owned(),
        name: "Globex".to_owned(),
    };
    assert!(tenants::add(&db, &tenant).await.unwrap());
    connections::put(&db, &saved("globex")).await.unwrap();
    assert!(approve(&db, "g.com", "globex").await);
    for (id, email) in [("anna-g", "anna@a.com"), ("gina", "gina@g.com")] {
        let user = user("globex", id, email);
        assert!(accounts::add(&db, &user, Some("hash")).await.unwrap());
        invitations::open(&db, id, NOW + 10).await.unwrap();
    }
    db
}

async fn approve(db: &AnyPool, domain: &str, tenant: &str) -> bool {
    let mut db = db.acquire().await.unwrap();
    domains::approve(&mut db, domain, &saved(tenant), "operator", NOW)
        .await
        .unwrap()
}

async fn settle_in(db: &AnyPool, tenant: &str, subject: &str, email: &str) -> Decision {
    settle_through(db, &Saved::id_of(tenant), vouched(subject, email), NOW).await
}

/// Every table's rows, counted.
async fn rows(db: &AnyPool) -> Vec<i64> {
    let mut rows = Vec::new();
    for query in [
        "SELECT count(*) FROM tenants",
        "SELECT count(*) FROM users",
        "SELECT count(*) FROM links",
        "SELECT count(*) FROM sessions",
        "SELECT count(*) FROM invitations WHERE used_at IS NOT NULL",
    ] {
        rows.push(count(db, query).await);
    }
    rows
}

#[tokio::test]
async fn mt_19_a_tenant_that_is_deleted_meanwhile() {
    let db = acme_and_globex().await;
    settle_in(&db, "globex", "g", "gina@g.com").await;
    let callbacks: Vec<_> = (0..20)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let (subject, email) = if n % 2 == 0 {
                    ("a", "anna@a.com")
                } else {
                    ("b", "bo@a.com")
                };
                settle_in(&db, "acme", subject, email).await
            })
        })
        .collect();
    let mut write = database::write(&db).await.unwrap();
    sqlx::query("DELETE FROM tenants WHERE id = 'acme'")
        .execute(&mut *write)
        .await
        .unwrap();
    write.commit().await.unwrap();
    let mut before = 0;
    for callback in callbacks {
        // Settled before the tenant went, or refused after: nothing between.
        match callback.await.unwrap() {
            Decision::Refused(refusal) => assert_eq!(refusal, Refusal::ConnectionChanged),
            Decision::Pin { .. } | Decision::Known { .. } => before += 1,
        }
    }
    println!("MT-19: {before} of 20 callbacks before the tenant went, the others refused");
    for email in ["anna@a.com", "bo@a.com"] {
        let late = settle_in(&db, "acme", "late", email).await;
        assert_eq!(late, Decision::Refused(Refusal::ConnectionChanged));
    }
    // One tenant is left, with its two people, its link and its used invitation; nothing of Acme came back.
    assert_eq!(rows(&db).await, [1, 2, 1, 0, 1], "MT-19");
}

#[tokio::test]
async fn mt_21_a_domain_without_approval() {
    let db = acme_and_globex().await;
    let before = rows(&db).await;
    let refused = Decision::Refused(Refusal::DomainNotApproved);
    // Invited, but Globex has never been given a.com; nor is a subdomain, or a longer name, the same domain.
    for email in [
        "anna@a.com",
        "gina@x.g.com",
        "gina@bg.com",
        "gina@g.com.evil.com",
    ] {
        assert_eq!(
            settle_in(&db, "globex", "s", email).await,
            refused,
            "MT-21 {email}"
        );
    }
    assert!(domains::suspend(&db, "globex", "g.com").await.unwrap());
    assert_eq!(
        settle_in(&db, "globex", "s", "gina@g.com").await,
        refused,
        "MT-21"
    );
    assert_eq!(rows(&db).await, before, "MT-21: a refusal changes nothing");
    assert!(approve(&db, "g.com", "globex").await);
    let pinned = settle_in(&db, "globex", "s", "gina@g.com").await;
    assert!(matches!(pinned, Decision::Pin { .. }), "MT-21: {pinned:?}");
}

#[tokio::test]
async fn mt_27_a_domain_passes_to_another_tenant() {
    let db = acme_and_globex().await;
    let seal = Seal::settled(&db).await;
    let Decision::Pin { user: anna } = settle_in(&db, "acme", "a", "anna@a.com").await else {
        panic!("she is invited");
    };
    let provider = Provider {
        connection_id: &Saved::id_of("acme"),
        logout_hint: "hint",
    };
    let cookie = sessions::open(
        &mut db.acquire().await.unwrap(),
        &seal,
        &anna,
        OpenedBy::Okta(provider),
        TIMES,
    )
    .await
    .unwrap();

    assert!(domains::release(&db, "acme", "a.com").await.unwrap());
    assert!(approve(&db, "a.com", "globex").await);
    // The link is still there, and worth nothing without the domain.
    let refused = Decision::Refused(Refusal::DomainNotApproved);
    assert_eq!(
        settle_in(&db, "acme", "a", "anna@a.com").await,
        refused,
        "MT-27"
    );
    // What the operator's page does along with the release.
    sessions::end_all_of_connection(&db, &Saved::id_of("acme"), None)
        .await
        .unwrap();
    assert!(
        sessions::find(&db, &cookie, TIMES).await.unwrap().is_none(),
        "MT-27"
    );
    // At the new tenant it is another account.
    let Decision::Pin { user } = settle_in(&db, "globex", "a", "anna@a.com").await else {
        panic!("she is invited there");
    };
    assert_eq!(
        (user.id.as_str(), user.tenant.as_str()),
        ("anna-g", "globex")
    );
}

#[tokio::test]
async fn mt_35_a_session_is_of_its_own_tenant() {
    let db = acme_and_globex().await;
    let seal = Seal::settled(&db).await;
    let anna = user("acme", "anna", "anna@a.com");
    let cookie = sessions::open(
        &mut db.acquire().await.unwrap(),
        &seal,
        &anna,
        OpenedBy::Password,
        TIMES,
    )
    .await
    .unwrap();
    let session = sessions::find(&db, &cookie, TIMES).await.unwrap().unwrap();
    // The tenant comes from the session and from nothing that a request can say.
    assert_eq!(
        (session.user.tenant.as_str(), session.tenant_name.as_str()),
        ("acme", "Acme")
    );
    // A row that says otherwise than its user opens nothing.
    sqlx::query("UPDATE sessions SET tenant = 'globex'")
        .execute(&db)
        .await
        .unwrap();
    assert!(
        sessions::find(&db, &cookie, TIMES).await.unwrap().is_none(),
        "MT-35"
    );
}

#[tokio::test]
async fn mt_36_one_person_in_two_tenants() {
    let db = acme_and_globex().await;
    // Globex's Okta calls her by an address of its own; the subjects happen to be the same.
    for (tenant, email, id) in [
        ("acme", "anna@a.com", "anna"),
        ("globex", "gina@g.com", "gina"),
    ] {
        let Decision::Pin { user } = settle_in(&db, tenant, "same", email).await else {
            panic!("MT-36 {tenant}");
        };
        assert_eq!((user.id.as_str(), user.tenant.as_str()), (id, tenant));
    }
    assert_eq!(count(&db, "SELECT count(*) FROM links").await, 2, "MT-36");
    // Each sign-in again leads to its own account.
    for (tenant, email, id) in [
        ("acme", "anna@a.com", "anna"),
        ("globex", "gina@g.com", "gina"),
    ] {
        let Decision::Known { user, .. } = settle_in(&db, tenant, "same", email).await else {
            panic!("MT-36 {tenant}");
        };
        assert_eq!(user.id, id, "MT-36");
    }
}
