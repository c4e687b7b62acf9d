use super::*;
use crate::database;
use crate::seal::Seal;
use crate::sessions::{self, Lifetimes, OpenedBy};
use crate::tenants::{self, Tenant};

const TIMES: (i64, Lifetimes) = (
    1,
    Lifetimes {
        most: 3600,
        idle: 600,
    },
);

/// Acme with two administrators, each with the session that a request of theirs came with.
async fn two_administrators() -> (AnyPool, Session, Session) {
    let db = database::fresh().await;
    let seal = Seal::settled(&db).await;
    let tenant = Tenant {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
    };
    assert!(tenants::add(&db, &tenant).await.unwrap());
    let mut sessions = Vec::new();
    for id in ["anna", "bo"] {
        let user = User {
            id: id.to_owned(),
            tenant: tenant.id.clone(),
            email: format!("{id}@a.com"),
            name: id.to_owned(),
            administrator: true,
            disabled: false,
        };
        assert!(accounts::add(&db, &user, None).await.unwrap());
        let cookie = sessions::open(
            &mut db.acquire().await.unwrap(),
            &seal,
            &user,
            OpenedBy::Password,
            TIMES,
        )
        .await
        .unwrap();
        sessions.push(sessions::find(&db, &cookie, TIMES).await.unwrap().unwrap());
    }
    let (bo, anna) = (sessions.pop().unwrap(), sessions.pop().unwrap());
    (db, anna, bo)
}

async fn act(
    db: &AnyPool,
    by: &Session,
    id: &str,
    action: Action,
) -> Result<(&'static str, User), Failure> {
    let form = ChangeForm {
        id: id.to_owned(),
        action,
    };
    let cause = Cause {
        actor: &by.user.email,
        correlation_id: "request",
        now: 1,
    };
    carry_out(db, by, &form, cause).await
}

/// Both requests were let in as an administrator's. The first takes the second one's right away, and so somebody is left.
#[tokio::test]
async fn two_administrators_do_not_throw_each_other_out() {
    for action in [Action::Deactivate, Action::Remove, Action::Unlink] {
        let (db, anna, bo) = two_administrators().await;
        assert!(act(&db, &anna, "bo", action).await.is_ok());
        let second = act(&db, &bo, "anna", action).await;
        assert!(matches!(second, Err(Failure::AdministratorsOnly)));
        let left = accounts::find(&db, "acme", "anna").await.unwrap().unwrap();
        assert!(!left.disabled);
        assert!(sessions::is_of_administrator(&db, &anna).await.unwrap());
    }
}

#[tokio::test]
async fn a_right_that_was_taken_away_is_no_right() {
    let (db, anna, bo) = two_administrators().await;
    sqlx::query("UPDATE users SET administrator = 0 WHERE id = 'anna'")
        .execute(&db)
        .await
        .unwrap();
    let refused = act(&db, &anna, "bo", Action::Remove).await;
    assert!(matches!(refused, Err(Failure::AdministratorsOnly)));
    assert!(act(&db, &bo, "anna", Action::Remove).await.is_ok());
}
