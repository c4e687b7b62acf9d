//! Sessions of people and of operators: a random cookie, stored as its SHA-256, worth something in one tenant only.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyExecutor, AnyPool, FromRow, Row as _};

use crate::accounts::User;
use crate::database;
use crate::seal::{Place, Seal};
use crate::token;

/// How long a session lasts, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// From its start, whatever happens.
    pub(crate) most: i64,
    /// From its latest use.
    pub(crate) idle: i64,
}

/// A session's use is noted at most once in so many seconds, so that reading a page does not write.
const NOTED_EVERY: i64 = 60;
/// How long the provider's session can still be ended afterwards: 5 minutes.
const FAREWELL: i64 = 5 * 60;

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Password,
    Okta,
    /// By a code from the operator.
    Recovery,
}

impl Method {
    /// As programs and the database read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Okta => "okta",
            Self::Recovery => "recovery",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Password, Self::Okta, Self::Recovery]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id_hash: Vec<u8>,
    pub(crate) user: User,
    pub(crate) tenant_name: String,
    pub(crate) method: Method,
}

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    NoRandomness(#[from] token::NoRandomness),
}

/// What a sign-in by the provider leaves with the session.
pub(crate) struct Provider<'a> {
    pub(crate) connection_id: &'a str,
    /// Opaque and secret.
    pub(crate) logout_hint: &'a str,
}

/// What opens a session.
pub(crate) enum OpenedBy<'a> {
    Password,
    Okta(Provider<'a>),
    Recovery,
}

impl OpenedBy<'_> {
    fn method(&self) -> Method {
        match self {
            Self::Password => Method::Password,
            Self::Okta(_) => Method::Okta,
            Self::Recovery => Method::Recovery,
        }
    }
}

/// Opens a session under a fresh id and returns the cookie's value, within the transaction that decided so. The caller ends
/// the session that the browser had before.
pub(crate) async fn open(
    db: &mut AnyConnection,
    seal: &Seal,
    user: &User,
    by: OpenedBy<'_>,
    (now, lifetimes): (i64, Lifetimes),
) -> Result<String, OpenError> {
    let cookie = token::secret()?;
    let id_hash = token::hash(&cookie);
    let method = by.method().name();
    let provider = match by {
        OpenedBy::Okta(provider) => Some(provider),
        OpenedBy::Password | OpenedBy::Recovery => None,
    };
    let hint = match &provider {
        Some(provider) => {
            let place = Place::LogoutHint { id_hash: &id_hash };
            let key = seal.current(&mut *db).await?;
            Some(key.seal(place, provider.logout_hint.as_bytes())?)
        }
        None => None,
    };
    sqlx::query(
        "INSERT INTO sessions (id_hash, tenant, user_id, method, connection_id, logout_hint, started, used, expires)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&id_hash)
    .bind(&user.tenant)
    .bind(&user.id)
    .bind(method)
    .bind(provider.map(|provider| provider.connection_id))
    .bind(hint)
    .bind(now)
    .bind(now)
    .bind(now + lifetimes.most)
    .execute(db)
    .await?;
    Ok(cookie)
}

impl FromRow<'_, AnyRow> for Session {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let method: String = row.try_get("method")?;
        Ok(Self {
            id_hash: row.try_get("id_hash")?,
            user: User::from_row(row)?,
            tenant_name: row.try_get("tenant_name")?,
            method: Method::read(&method)
                .ok_or_else(|| sqlx::Error::Decode(format!("no method {method:?}").into()))?,
        })
    }
}

/// The live session of a cookie, of a user who may still come in. An unknown cookie is nobody's and is never adopted.
pub(crate) async fn find(
    db: &AnyPool,
    cookie: &str,
    (now, lifetimes): (i64, Lifetimes),
) -> Result<Option<Session>, sqlx::Error> {
    let session: Option<Session> = sqlx::query_as(
        "SELECT sessions.id_hash, sessions.method, users.*, tenants.name AS tenant_name
         FROM sessions
         JOIN users ON users.id = sessions.user_id AND users.tenant = sessions.tenant
         JOIN tenants ON tenants.id = sessions.tenant
         WHERE sessions.id_hash = $1 AND sessions.expires > $2 AND sessions.used > $3 AND users.disabled = 0",
    )
    .bind(token::hash(cookie))
    .bind(now)
    .bind(now - lifetimes.idle)
    .fetch_optional(db)
    .await?;
    if let Some(session) = &session {
        sqlx::query("UPDATE sessions SET used = $1 WHERE id_hash = $2 AND used <= $3")
            .bind(now)
            .bind(&session.id_hash)
            .bind(now - NOTED_EVERY.min(lifetimes.idle))
            .execute(db)
            .await?;
    }
    Ok(session)
}

/// Whether a session still is there and its user an administrator who may come in. Asked within the transaction of what an
/// administrator does: another one may have taken the right away since the request came in.
pub(crate) async fn is_of_administrator(
    db: impl AnyExecutor<'_>,
    session: &Session,
) -> Result<bool, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id
         WHERE sessions.id_hash = $1 AND users.id = $2 AND users.administrator = 1 AND users.disabled = 0",
    )
    .bind(&session.id_hash)
    .bind(&session.user.id)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Ends the session of a cookie, if there is one.
pub(crate) async fn end(db: impl AnyExecutor<'_>, cookie: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sessions WHERE id_hash = $1")
        .bind(token::hash(cookie))
        .execute(db)
        .await?;
    Ok(())
}

/// Ends every session of a user.
pub(crate) async fn end_all_of_user(
    db: impl AnyExecutor<'_>,
    user_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1")
        .bind(user_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends every session that began through a connection, but for the one given.
pub(crate) async fn end_all_of_connection(
    db: impl AnyExecutor<'_>,
    connection_id: &str,
    but: Option<&[u8]>,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sessions WHERE connection_id = $1 AND ($2 IS NULL OR id_hash <> $2)")
        .bind(connection_id)
        .bind(but)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets what has expired. Under the write lock, so that two machines do not get into each other's way.
pub(crate) async fn sweep(
    db: &AnyPool,
    (now, lifetimes): (i64, Lifetimes),
) -> Result<(), sqlx::Error> {
    let mut write = database::write(db).await?;
    sqlx::query("DELETE FROM sessions WHERE expires <= $1 OR used <= $2")
        .bind(now)
        .bind(now - lifetimes.idle)
        .execute(&mut *write)
        .await?;
    for expired in [
        "DELETE FROM farewells WHERE expires <= $1",
        "DELETE FROM operator_sessions WHERE expires <= $1",
    ] {
        sqlx::query(expired).bind(now).execute(&mut *write).await?;
    }
    write.commit().await
}

/// Ends a session and, when the provider's can be ended too, keeps the means for five minutes under the cookie's value
/// that is returned.
pub(crate) async fn end_with_farewell(
    db: &mut AnyConnection,
    seal: &Seal,
    cookie: &str,
    now: i64,
) -> Result<Option<String>, OpenError> {
    let id_hash = token::hash(cookie);
    let row: Option<(Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
        "DELETE FROM sessions WHERE id_hash = $1 RETURNING connection_id, logout_hint",
    )
    .bind(&id_hash)
    .fetch_optional(&mut *db)
    .await?;
    let Some((Some(connection_id), Some(sealed))) = row else {
        return Ok(None);
    };
    let Ok(hint) = seal.open(Place::LogoutHint { id_hash: &id_hash }, &sealed) else {
        return Ok(None);
    };
    let farewell = token::secret()?;
    let farewell_hash = token::hash(&farewell);
    let place = Place::LogoutHint {
        id_hash: &farewell_hash,
    };
    let sealed = seal.current(&mut *db).await?.seal(place, &hint)?;
    sqlx::query(
        "INSERT INTO farewells (id_hash, connection_id, logout_hint, expires) VALUES ($1, $2, $3, $4)",
    )
    .bind(&farewell_hash)
    .bind(connection_id)
    .bind(sealed)
    .bind(now + FAREWELL)
    .execute(db)
    .await?;
    Ok(Some(farewell))
}

/// Takes what `end_with_farewell` kept: connection and logout hint, once.
pub(crate) async fn take_farewell(
    db: &AnyPool,
    seal: &Seal,
    cookie: &str,
    now: i64,
) -> Result<Option<(String, String)>, sqlx::Error> {
    let id_hash = token::hash(cookie);
    let row: Option<(String, Vec<u8>)> = sqlx::query_as(
        "DELETE FROM farewells WHERE id_hash = $1 AND expires > $2 RETURNING connection_id, logout_hint",
    )
    .bind(&id_hash)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|(connection, sealed)| {
        let hint = seal
            .open(Place::LogoutHint { id_hash: &id_hash }, &sealed)
            .ok()?;
        Some((connection, String::from_utf8(hint.to_vec()).ok()?))
    }))
}
