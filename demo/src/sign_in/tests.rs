mod neighbours;

use sqlx::AnyPool;

use super::entry::{Entered, Entry, PasswordRefusal};
use super::*;
use crate::connections::{self, Sealed};
use crate::database;
use crate::domains::State;
use crate::seal::Seal;
use crate::sessions::{OpenedBy, Provider};
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
        client_key: None,
        email_rule: EmailRule::Exact,
    }
}

/// Acme with a.com approved and `anna@a.com`, `bo@a.com` invited.
async fn acme() -> AnyPool {
    let db = database::fresh().await;
    let tenant = Tenant {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
    };
    assert!(tenants::add(&db, &tenant).await.unwrap());
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

async fn settle_at(db: &AnyPool, subject: &str, email: &str, now: i64) -> Decision {
    settle_through(db, "okta-acme", vouched(subject, email), now).await
}

async fn settle_through(
    db: &AnyPool,
    connection_id: &str,
    vouched: Vouched<'_>,
    now: i64,
) -> Decision {
    let mut write = database::write(db).await.unwrap();
    let decision = settle(&mut write, connection_id, vouched, now).await;
    write.commit().await.unwrap();
    decision.unwrap()
}

async fn by_okta(
    db: &AnyPool,
    subject: &str,
    email: &str,
) -> Result<Result<Entered, Refusal>, sessions::OpenError> {
    let seal = Seal::settled(db).await;
    let entry = Entry {
        seal: &seal,
        before: None,
        correlation_id: "attempt",
        times: TIMES,
    };
    let provider = Provider {
        connection_id: "okta-acme",
        logout_hint: "hint",
    };
    entry.by_okta(db, provider, vouched(subject, email)).await
}

async fn by_password(
    db: &AnyPool,
    user: &User,
    hash: &str,
    before: Option<&str>,
) -> Result<Entered, PasswordRefusal> {
    let seal = Seal::settled(db).await;
    let entry = Entry {
        seal: &seal,
        before,
        correlation_id: "attempt",
        times: TIMES,
    };
    entry.by_password(db, user, hash).await.unwrap()
}

async fn count(db: &AnyPool, query: &'static str) -> i64 {
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
    // One letter in one piece, and in two.
    let (composed, decomposed) = ("Subj\u{e9}ct", "Subje\u{301}ct");
    let long = "s".repeat(256);
    let (shorter, other_end) = (&long[1..], &format!("{}t", &long[1..]));
    for (own, others) in [
        ("Sub", ["sub", "Sub ", "SUB"]),
        (composed, [decomposed, "Subject", "subj\u{e9}ct"]),
        (&long, [shorter, other_end, "s"]),
    ] {
        let db = acme().await;
        settle_at(&db, own, "anna@a.com", NOW).await;
        for other in others {
            assert_eq!(
                settle_at(&db, other, "anna@a.com", NOW).await,
                Decision::Refused(Refusal::LinkedToAnotherSubject),
                "{other}"
            );
        }
        let again = settle_at(&db, own, "anna@a.com", NOW).await;
        assert!(matches!(again, Decision::Known { .. }), "{own}: {again:?}");
    }
}

#[tokio::test]
async fn mt_12_pinning_takes_the_password_and_earlier_sessions() {
    let db = acme().await;
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
    assert!(tenants::add(&db, &tenant).await.unwrap());
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

/// The decision, the session and the history are one transaction: where one of them fails there is none.
#[tokio::test]
async fn a_session_that_cannot_be_opened_leaves_no_trace() {
    for broken in ["sessions", "events"] {
        let db = acme().await;
        let away = sqlx::AssertSqlSafe(format!("ALTER TABLE {broken} RENAME TO away"));
        sqlx::raw_sql(away).execute(&db).await.unwrap();
        assert!(by_okta(&db, "s", "anna@a.com").await.is_err());
        assert_eq!(count(&db, "SELECT count(*) FROM links").await, 0);
        let used = "SELECT count(*) FROM invitations WHERE used_at IS NOT NULL";
        assert_eq!(count(&db, used).await, 0);
        let passwords = "SELECT count(*) FROM users WHERE password IS NOT NULL";
        assert_eq!(count(&db, passwords).await, 2);
        let anna = user("acme", "anna", "anna@a.com");
        connections::remove(&db, "acme").await.unwrap();
        let seal = Seal::settled(&db).await;
        let entry = Entry {
            seal: &seal,
            before: None,
            correlation_id: "attempt",
            times: TIMES,
        };
        assert!(entry.by_password(&db, &anna, "hash").await.is_err());
    }
}

#[tokio::test]
async fn coming_in_by_okta_is_a_session_and_an_entry_in_the_history() {
    let db = acme().await;
    let codes = async || -> Vec<String> {
        sqlx::query_scalar("SELECT code FROM events ORDER BY id")
            .fetch_all(&db)
            .await
            .unwrap()
    };
    let first = by_okta(&db, "s", "anna@a.com").await.unwrap().unwrap();
    assert_eq!(first.user.id, "anna");
    assert!(
        sessions::find(&db, &first.cookie, TIMES)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(codes().await, ["signed-in/okta-first"]);
    by_okta(&db, "s", "a@a.com").await.unwrap().unwrap();
    assert_eq!(
        codes().await,
        ["signed-in/okta-first", "email-changed", "signed-in/okta"]
    );
    // Unlinked, or deactivated: whichever came first, the next sign-in sees it and opens nothing.
    accounts::set_disabled(&mut db.acquire().await.unwrap(), &first.user, true)
        .await
        .unwrap();
    let refused = by_okta(&db, "s", "anna@a.com").await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::Disabled);
    assert_eq!(count(&db, "SELECT count(*) FROM sessions").await, 0);
    assert_eq!(codes().await.len(), 3);
}

/// Whatever happened since a password was verified is seen before the session opens.
#[tokio::test]
async fn a_password_is_worth_what_the_account_is_worth_now() {
    let anna = user("acme", "anna", "anna@a.com");
    for (meanwhile, expected) in [
        ("UPDATE users SET disabled = 1", PasswordRefusal::NotTheirs),
        (
            "UPDATE users SET password = NULL",
            PasswordRefusal::NotTheirs,
        ),
        (
            "UPDATE users SET password = 'new'",
            PasswordRefusal::NotTheirs,
        ),
        ("DELETE FROM users", PasswordRefusal::NotTheirs),
        (
            "UPDATE connections SET enabled = 1",
            PasswordRefusal::NotTaken(State::Active),
        ),
        (
            "UPDATE domains SET status = 'suspended'; UPDATE connections SET enabled = 1",
            PasswordRefusal::NotTaken(State::Suspended),
        ),
    ] {
        let db = acme().await;
        let off = "UPDATE connections SET enabled = 0";
        sqlx::raw_sql(off).execute(&db).await.unwrap();
        let before = by_password(&db, &anna, "hash", None).await.unwrap();
        sqlx::raw_sql(meanwhile).execute(&db).await.unwrap();
        let sessions = count(&db, "SELECT count(*) FROM sessions").await;
        let refused = by_password(&db, &anna, "hash", Some(&before.cookie)).await;
        assert_eq!(refused.unwrap_err(), expected, "{meanwhile}");
        assert_eq!(count(&db, "SELECT count(*) FROM sessions").await, sessions);
        assert_eq!(
            count(&db, "SELECT count(*) FROM events").await,
            1,
            "{meanwhile}"
        );
    }
    let db = acme().await;
    connections::remove(&db, "acme").await.unwrap();
    let first = by_password(&db, &anna, "hash", None).await.unwrap();
    let second = by_password(&db, &anna, "hash", Some(&first.cookie)).await;
    assert_ne!(first.cookie, second.unwrap().cookie);
    assert_eq!(count(&db, "SELECT count(*) FROM sessions").await, 1);
}
