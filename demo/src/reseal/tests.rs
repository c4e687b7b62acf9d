use okta_sso_host::contract::EmailRule;

use super::*;
use crate::drafts::{Draft, Passed};
use crate::tenants::{self, Tenant};

fn settings(seal: &Seal, id: String, secret: &str) -> Saved {
    Saved {
        secret: Sealed::new(seal.by_first(), "acme", &id, secret).unwrap(),
        id,
        tenant: "acme".to_owned(),
        enabled: true,
        issuer: "https://acme.okta.com".to_owned(),
        client_id: "client".to_owned(),
        secret_set_at: Some(1),
        client_key: None,
        email_rule: EmailRule::Exact,
    }
}

async fn put_hint(db: &AnyPool, seal: &Seal, id_hash: &[u8]) {
    let place = Place::LogoutHint { id_hash };
    sqlx::query("INSERT INTO farewells VALUES ($1, 'okta-acme', $2, 9)")
        .bind(id_hash)
        .bind(seal.by_first().seal(place, b"hint").unwrap())
        .execute(db)
        .await
        .unwrap();
}

/// Each kind of sealed value, and a draft that passed its test. No key is noted.
async fn filled(seal: &Seal) -> AnyPool {
    let pool = database::fresh().await;
    let tenant = Tenant {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
    };
    assert!(tenants::add(&pool, &tenant).await.unwrap());
    let mut db = pool.acquire().await.unwrap();
    let first = settings(seal, Saved::id_of("acme"), "first");
    connections::put(&mut *db, &first).await.unwrap();
    let second = settings(seal, Saved::id_of("acme"), "second");
    second_secret::put(&mut db, &second).await.unwrap();
    let drafted = settings(seal, Draft::id_of("acme"), "drafted");
    let passed = Passed {
        settings: fingerprint(&drafted),
        user_id: "anna".to_owned(),
        subject: "00u".to_owned(),
        email: "anna@acme.example".to_owned(),
    };
    drafts::put(&mut db, &Draft::of(drafted)).await.unwrap();
    assert!(drafts::pass(&mut db, "acme", passed).await.unwrap());
    let made = client_keys::make(&mut *db, seal.by_first(), "acme", 1).await;
    made.unwrap();
    drop(db);
    for number in 0..=AT_ONCE {
        put_hint(&pool, seal, &number.to_be_bytes()).await;
    }
    pool
}

const FILLED: u64 = 4 + AT_ONCE as u64 + 1;

async fn draft(db: &AnyPool) -> Draft {
    drafts::of_tenant(db, "acme").await.unwrap().unwrap()
}

/// What a key opens, each once.
async fn opened(db: &AnyPool, seal: &Seal) -> Vec<String> {
    let first = connections::of_tenant(db, "acme").await.unwrap().unwrap();
    let second = second_secret::beside(db, &first).await.unwrap();
    let all = [Some(first), second, Some(draft(db).await.settings)];
    let mut opened: Vec<String> = all
        .into_iter()
        .flatten()
        .filter_map(|saved| saved.client_secret(seal).ok().flatten())
        .map(|secret| secret.expose().to_owned())
        .collect();
    let keys = client_keys::of_tenant(db, "acme").await.unwrap();
    let keys = keys.iter().filter(|key| key.open(seal).is_ok());
    opened.extend(keys.map(|_| "key".to_owned()));
    let hints: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT id_hash, logout_hint FROM farewells")
            .fetch_all(db)
            .await
            .unwrap();
    let opens = |(id_hash, hint): &(Vec<u8>, Vec<u8>)| {
        seal.open(Place::LogoutHint { id_hash }, hint).is_ok()
    };
    if hints.iter().all(opens) {
        opened.push("hints".to_owned());
    }
    opened
}

const EVERYTHING: [&str; 5] = ["first", "second", "drafted", "key", "hints"];

/// Two runs with new keys of their own: whoever comes second does not know what the first one sealed by, and touches nothing.
#[tokio::test]
async fn a_run_that_was_overtaken_touches_nothing() {
    let old = Seal::of(&[1]);
    let db = filled(&old).await;
    old.settle(&db).await.unwrap();
    let (one, other) = (Seal::of(&[2, 1]), Seal::of(&[3, 1]));
    other.settle(&db).await.unwrap();
    everything(&db, &one, false).await.unwrap();
    let late = after_settling(&db, &other, false).await;
    assert!(matches!(
        late,
        Err(ResealError::Key(KeyError::Missing { .. }))
    ));
    assert_eq!(opened(&db, &one).await, EVERYTHING);
}

#[tokio::test]
async fn the_new_key_alone_opens_everything_afterwards() {
    let (old, new) = (Seal::of(&[1]), Seal::of(&[2]));
    let db = filled(&old).await;
    old.settle(&db).await.unwrap();
    let both = Seal::of(&[2, 1]);
    let done = everything(&db, &both, false).await.unwrap();
    assert_eq!((done.anew, done.shut, done.forgotten), (FILLED, 0, 0));
    assert_eq!(done.key, new.first_name());
    assert_eq!(opened(&db, &new).await, EVERYTHING);
    assert!(opened(&db, &old).await.is_empty());
    assert!(draft(&db).await.test().is_some(), "the test stays good");
    new.settle(&db).await.unwrap();
    let refused = old.settle(&db).await.unwrap_err();
    assert!(matches!(refused, KeyError::Missing { .. }));
    let said = refused.to_string();
    let [lacks, has] = [new.first_name(), old.first_name()];
    assert!(said.contains(lacks) && said.contains(has), "{said}");
    // Once more is nothing.
    let done = everything(&db, &both, false).await.unwrap();
    assert_eq!((done.anew, done.shut, done.forgotten), (0, 0, 0));
}

/// Stopped after the first part: what is left needs the old key, and who has it goes on where that was.
#[tokio::test]
async fn until_it_is_done_the_old_key_is_needed() {
    let (old, new, both) = (Seal::of(&[1]), Seal::of(&[2]), Seal::of(&[2, 1]));
    let db = filled(&old).await;
    old.settle(&db).await.unwrap();
    let mut write = database::write(&db).await.unwrap();
    in_use::put(&mut write, new.first_name()).await.unwrap();
    // A process that was started with both seals by the new one from here on.
    assert_eq!(
        both.current(&mut write).await.unwrap().name(),
        new.first_name()
    );
    let refused = old.current(&mut write).await.err().unwrap();
    assert!(refused.to_string().contains(new.first_name()), "{refused}");
    write.commit().await.unwrap();
    for alone in [&old, &new] {
        let refused = alone.settle(&db).await.unwrap_err();
        assert!(matches!(refused, KeyError::Missing { .. }));
        let refused = everything(&db, alone, false).await.unwrap_err();
        assert!(matches!(
            refused,
            ResealError::Key(KeyError::Missing { .. })
        ));
    }
    let done = everything(&db, &both, false).await.unwrap();
    assert_eq!(done.anew, FILLED);
    new.settle(&db).await.unwrap();
}

/// A database of before keys were noted takes the one that opens it, whichever is given first, and no other.
#[tokio::test]
async fn a_key_is_noted_that_opens_what_is_there() {
    let old = Seal::of(&[1]);
    let db = filled(&old).await;
    let refused = Seal::of(&[3]).settle(&db).await.unwrap_err();
    assert!(matches!(refused, KeyError::OpensNotAll));
    let both = Seal::of(&[2, 1]);
    both.settle(&db).await.unwrap();
    let mut write = database::write(&db).await.unwrap();
    let current = both.current(&mut write).await.unwrap();
    assert_eq!(current.name(), old.first_name());
}

#[tokio::test]
async fn what_no_key_opens_is_forgotten_when_that_is_asked_for() {
    let (lost, new) = (Seal::of(&[1]), Seal::of(&[2]));
    let db = filled(&lost).await;
    lost.settle(&db).await.unwrap();
    everything(&db, &new, false).await.unwrap_err();
    assert_eq!(opened(&db, &lost).await, EVERYTHING, "nothing was touched");
    let done = everything(&db, &new, true).await.unwrap();
    assert_eq!((done.anew, done.shut, done.forgotten), (0, 0, FILLED));
    new.settle(&db).await.unwrap();
    let first = connections::of_tenant(&db, "acme").await.unwrap().unwrap();
    assert!(!first.secret.is_set());
    assert!(second_secret::beside(&db, &first).await.unwrap().is_none());
    assert!(!draft(&db).await.is_complete());
    assert!(client_keys::all(&db).await.unwrap().is_empty());
    // Nothing is left that would be counted again.
    let done = everything(&db, &new, false).await.unwrap();
    assert_eq!((done.anew, done.shut), (0, 0));
}

/// Two at once that want different keys: the later one wins, the other ends and says so.
#[tokio::test]
async fn two_at_once_do_not_undo_each_other() {
    let db = filled(&Seal::of(&[1])).await;
    let (there, back) = (Seal::of(&[2, 1]), Seal::of(&[1, 2]));
    there.settle(&db).await.unwrap();
    let mut write = database::write(&db).await.unwrap();
    in_use::put(&mut write, there.first_name()).await.unwrap();
    let overtaken = Reseal {
        key: there.current(&mut write).await.unwrap(),
        forget: false,
        done: Done::default(),
    };
    write.commit().await.unwrap();
    everything(&db, &back, false).await.unwrap();
    let refused = overtaken.write(&db).await.err().unwrap();
    assert!(matches!(refused, ResealError::Overtaken));
}
