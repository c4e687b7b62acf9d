//! A way in for one administrator of a tenant that has locked itself out: granted by the operator, good for a short
//! time and for one use, and written into the tenant's history when it is granted and when it is used.

use sqlx::{AnyExecutor, AnyPool};

use crate::accounts::User;
use crate::activation::Cause;
use crate::database;
use crate::seal::Seal;
use crate::sessions::{Lifetimes, OpenedBy};
use crate::{accounts, history, sessions, token};

/// For how long a code can be used, and for how long the session that it opens lasts: 1 hour from the grant.
pub(crate) const LIFETIME: i64 = 60 * 60;

/// Why no code was granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    /// Only somebody who can repair the settings gets one.
    #[error("no administrator of this company has that e-mail, or the account is deactivated")]
    NoAdministrator,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    NoRandomness(#[from] token::NoRandomness),
}

/// Grants a code to an administrator, by e-mail; an earlier code of theirs is void.
pub(crate) async fn grant(
    db: &AnyPool,
    tenant: &str,
    email: &str,
    reason: &str,
    cause: Cause<'_>,
) -> Result<String, GrantError> {
    let mut write = database::write(db).await?;
    let user: Option<User> = sqlx::query_as(
        "SELECT * FROM users WHERE tenant = $1 AND email = $2 AND administrator = 1 AND disabled = 0",
    )
    .bind(tenant)
    .bind(email)
    .fetch_optional(&mut *write)
    .await?;
    let user = user.ok_or(GrantError::NoAdministrator)?;
    let code = token::secret()?;
    sqlx::query("DELETE FROM recoveries WHERE user_id = $1")
        .bind(&user.id)
        .execute(&mut *write)
        .await?;
    sqlx::query(
        "INSERT INTO recoveries (code_hash, tenant, user_id, expires) VALUES ($1, $2, $3, $4)",
    )
    .bind(token::hash(&code))
    .bind(tenant)
    .bind(&user.id)
    .bind(cause.now + LIFETIME)
    .execute(&mut *write)
    .await?;
    let detail = format!("{email}: {reason}");
    history::record_in(
        &mut write,
        tenant,
        &cause.event("operator/recovery-granted", &detail),
    )
    .await?;
    write.commit().await?;
    Ok(code)
}

/// Uses a code up: the user it lets in, and until when. Unknown, used and expired are one.
pub(crate) async fn redeem(
    db: impl AnyExecutor<'_>,
    code: &str,
    now: i64,
) -> Result<Option<(String, String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE recoveries SET used_at = $1 WHERE code_hash = $2 AND used_at IS NULL AND expires > $1
         RETURNING tenant, user_id, expires",
    )
    .bind(now)
    .bind(token::hash(code))
    .fetch_optional(db)
    .await
}

/// Opens the session of a redeemed code: it ends when the code would have expired. Returns its cookie and how many
/// seconds it lasts.
pub(crate) async fn enter(
    db: &AnyPool,
    seal: &Seal,
    code: &str,
    correlation_id: &str,
    (now, lifetimes): (i64, Lifetimes),
) -> Result<Option<(String, i64)>, sessions::OpenError> {
    let mut write = database::write(db).await?;
    let Some((tenant, user, expires)) = redeem(&mut *write, code, now).await? else {
        return Ok(None);
    };
    let Some(user) = accounts::find(&mut *write, &tenant, &user).await? else {
        return Ok(None);
    };
    if user.disabled || !user.administrator {
        return Ok(None);
    }
    let most = lifetimes.most.min(expires - now);
    let lifetimes = Lifetimes { most, ..lifetimes };
    let cookie = sessions::open(
        &mut write,
        seal,
        &user,
        OpenedBy::Recovery,
        (now, lifetimes),
    )
    .await?;
    let cause = Cause {
        actor: &user.email,
        correlation_id,
        now,
    };
    history::record_in(&mut write, &tenant, &cause.event("signed-in/recovery", "")).await?;
    write.commit().await?;
    Ok(Some((cookie, most)))
}
