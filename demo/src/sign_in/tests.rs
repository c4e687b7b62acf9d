mod neighbours;

use super::*;
use crate::connections::Sealed;
use crate::database::{self, Database};
use crate::seal::Seal;
use crate::tenants::{self, Tenant};
use crate::{accounts, invitations};

const ISSUER: &str = "https://acme.okta.com";
const NOW: i64 = 1_790_000_000;
const TIMES: (i64, sessions::Lifetimes) = (
    NOW,
    sessions::Lifetimes {
        most: 3600,
        idle: 600,
    },
);

fn user(tenant: &str, id: &str, email: &str) -> User {
    User {
        id: id.to_owned(),
        tenant: tenant.to_owned(),
        email: email.to_owned(),
        name: id.to_owned(),
        administrator: false,
        disabled: false,
    }
}

fn saved(tenant: &str) -> Saved {
    Saved {
        id: Saved::id_of(tenant),
        tenant: tenant.to_owned(),
        enabled: true,
        issuer: ISSUER.to_owned(),
        client_id: format!("client-{tenant}"),
        secret: Sealed::none(),
        secret_set_at: None,
        email_rule: EmailRule::Exact,
    }
}

/// Acme with a.com approved and `anna@a.com`, `bo@a.com` invited.
async fn acme() -> SqlitePool {
    let db = database::open(&Database::Memory).await.unwrap();
    let tenant = Tenant {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
    };
    tenants::put(&db, &tenant).await.unwrap();
    connections::put(&db, &saved("acme")).await.unwrap();
    assert!(
        domains::approve(
            &mut db.acquire().await.unwrap(),
            "a.com",
            &saved("acme"),
            "operator",
            NOW
        )
        .await
        .unwrap()
    );
    for id in ["anna", "bo"] {
        let user = user("acme", id, &format!("{id}@a.com"));
        assert!(accounts::add(&db, &user, Some("hash")).await.unwrap());
        invitations::open(&db, id, NOW + 10).await.unwrap();
    }
    db
}

fn vouched<'a>(subject: &'a str, email: &'a str) -> Vouched<'a> {
    Vouched {
        issuer: ISSUER,
        subject,
        email,
    }
}

async fn settle_at(db: &SqlitePool, subject: &str, email: &str, now: i64) -> Decision {
    settle(db, "okta-acme", vouched(subject, email), now)
        .await
        .unwrap()
}

async fn count(db: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(db).await.unwrap()
}

/// Every combination of facts in a small model: whoever comes in is of the tenant, enabled, on an approved domain,
/// and either pinned already or openly invited, alone with this e-mail and pinned to nothing.
#[test]
fn nobody_comes_in_without_every_condition() {
    let (mut known, mut pinned) = (0, 0);
    for switches in 0..128_u32 {
        let on = |bit: u32| switches >> bit & 1 == 1;
        let (disabled, linked, elsewhere, taken) = (on(0), on(1), on(2), on(3));
        let issuer = if on(4) {
            ISSUER
        } else {
            "https://acme.okta.com/"
        };
        let tenant = if on(5) { "acme" } else { "globex" };
        let rule = if on(6) {
            EmailRule::Exact
        } else {
            EmailRule::AsciiCaseInsensitive
        };
        for invitation in [Invitation::None, Invitation::Expired, Invitation::Open] {
            for email in ["anna@a.com", "Anna@a.com", "anna@b.com"] {
                let one = User {
                    disabled,
                    ..user(tenant, "anna", "anna@a.com")
                };
                let facts = Facts {
                    tenant: "acme".to_owned(),
                    issuer: ISSUER.to_owned(),
                    email_rule: rule,
                    domains: vec!["a.com".to_owned()],
                    linked: linked.then(|| (one.clone(), "anna@a.com".to_owned())),
                    linked_elsewhere: elsewhere,
                    on_file: vec![OnFile {
                        user: one.clone(),
                        invitation,
                        linked: taken,
                    }],
                };
                let sound = on(4) && on(5) && !disabled && email != "anna@b.com";
                let equal = email == "anna@a.com" || rule == EmailRule::AsciiCaseInsensitive;
                let open = invitation == Invitation::Open;
                let may_pin = !linked && !elsewhere && !taken && equal && open;
                match decide(
                    Vouched {
                        issuer,
                        subject: "s",
                        email,
                    },
                    &facts,
                ) {
                    Decision::Known { user, old_email } => {
                        assert!(sound && linked);
                        assert_eq!(user, one);
                        assert_eq!(old_email.is_some(), email != "anna@a.com");
                        known += 1;
                    }
                    Decision::Pin { user } => {
                        assert!(sound && may_pin);
                        assert_eq!(user, one);
                        pinned += 1;
                    }
                    Decision::Refused(_) => assert!(!(sound && (linked || may_pin))),
                }
            }
        }
    }
    assert!(known > 0 && pinned > 0);
}

#[tokio::test]
async fn mt_08_swapped_emails_do_not_swap_accounts() {
    let db = acme().await;
    settle_at(&db, "sub-anna", "anna@a.com", NOW).await;
    settle_at(&db, "sub-bo", "bo@a.com", NOW).await;
    let Decision::Known { user, old_email } = settle_at(&db, "sub-anna", "bo@a.com", NOW).await
    else {
        panic!("a linked user stays the same user")
    };
    assert_eq!(
        (user.id.as_str(), old_email.as_deref()),
        ("anna", Some("anna@a.com"))
    );
    assert_eq!(
        settle_at(&db, "sub-new", "bo@a.com", NOW).await,
        Decision::Refused(Refusal::LinkedToAnotherSubject)
    );
}

#[tokio::test]
async fn mt_10_one_invitation_pins_one_of_fifty_subjects() {
    let db = acme().await;
    let attempts: Vec<_> = (0..50)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(
                async move { settle_at(&db, &format!("sub-{n}"), "anna@a.com", NOW).await },
            )
        })
        .collect();
    let mut winners = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Decision::Pin { .. } => winners += 1,
            other => assert_eq!(other, Decision::Refused(Refusal::LinkedToAnotherSubject)),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(count(&db, "SELECT count(*) FROM links").await, 1);
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM invitations WHERE used_at IS NOT NULL"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn mt_11_subjects_compare_byte_for_byte() {
    let db = acme().await;
    settle_at(&db, "Sub", "anna@a.com", NOW).await;
    for other in ["sub", "Sub ", "SUB"] {
        assert_eq!(
            settle_at(&db, other, "anna@a.com", NOW).await,
            Decision::Refused(Refusal::LinkedToAnotherSubject)
        );
    }
}

#[tokio::test]
async fn mt_12_pinning_takes_the_password_and_earlier_sessions() {
    let db = acme().await;
    let seal = Seal::load(None, &Database::Memory).unwrap();
    let anna = user("acme", "anna", "anna@a.com");
    let cookie = sessions::open(&db, &seal, &anna, None, TIMES)
        .await
        .unwrap();
    assert!(sessions::find(&db, &cookie, TIMES).await.unwrap().is_some());
    assert_eq!(
        settle_at(&db, "s", "anna@a.com", NOW).await,
        Decision::Pin { user: anna }
    );
    assert!(sessions::find(&db, &cookie, TIMES).await.unwrap().is_none());
    assert!(
        accounts::with_password(&db, "anna@a.com", None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn mt_18_a_changed_connection_suspends_the_domain() {
    let db = acme().await;
    settle_at(&db, "s", "anna@a.com", NOW).await;
    let changed = Saved {
        client_id: "other".to_owned(),
        ..saved("acme")
    };
    connections::put(&db, &changed).await.unwrap();
    let refused = Decision::Refused(Refusal::DomainNotApproved);
    assert_eq!(settle_at(&db, "s", "anna@a.com", NOW).await, refused);
    assert_eq!(count(&db, "SELECT count(*) FROM links").await, 1);
    let off = Saved {
        enabled: false,
        ..saved("acme")
    };
    connections::put(&db, &off).await.unwrap();
    let refused = Decision::Refused(Refusal::ConnectionChanged);
    assert_eq!(settle_at(&db, "s", "anna@a.com", NOW).await, refused);
}

#[tokio::test]
async fn mt_07_an_invitation_ends_at_its_second() {
    let db = acme().await;
    assert_eq!(
        settle_at(&db, "s", "anna@a.com", NOW + 10).await,
        Decision::Refused(Refusal::InvitationExpired)
    );
    assert!(matches!(
        settle_at(&db, "s", "anna@a.com", NOW + 9).await,
        Decision::Pin { .. }
    ));
    assert_eq!(
        settle_at(&db, "t", "nobody@a.com", NOW).await,
        Decision::Refused(Refusal::NotInvited)
    );
}

#[tokio::test]
async fn mt_20_a_domain_belongs_to_one_tenant() {
    let db = acme().await;
    let tenant = Tenant {
        id: "globex".to_owned(),
        name: "Globex".to_owned(),
    };
    tenants::put(&db, &tenant).await.unwrap();
    let globex = saved("globex");
    assert!(
        !domains::approve(
            &mut db.acquire().await.unwrap(),
            "a.com",
            &globex,
            "operator",
            NOW
        )
        .await
        .unwrap()
    );
    assert!(domains::suspend(&db, "acme", "a.com").await.unwrap());
    assert!(
        !domains::approve(
            &mut db.acquire().await.unwrap(),
            "a.com",
            &globex,
            "operator",
            NOW
        )
        .await
        .unwrap()
    );
    assert!(domains::release(&db, "acme", "a.com").await.unwrap());
    assert!(
        domains::approve(
            &mut db.acquire().await.unwrap(),
            "a.com",
            &globex,
            "operator",
            NOW
        )
        .await
        .unwrap()
    );
}
