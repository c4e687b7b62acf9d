//! Users: always of one tenant, made by its administrators and never by signing in.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyExecutor, AnyPool, FromRow, Row as _};

use crate::database;

/// One person at one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) tenant: String,
    /// As the administrator typed it; compared byte for byte unless the connection says otherwise.
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) administrator: bool,
    pub(crate) disabled: bool,
}

impl FromRow<'_, AnyRow> for User {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            administrator: database::flag(row, "administrator")?,
            disabled: database::flag(row, "disabled")?,
        })
    }
}

/// How many people a tenant's administrators may have; the page *People* shows as many.
pub(crate) const MOST: i64 = 1000;

/// A user as the page *People* lists it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) user: User,
    pub(crate) linked: bool,
    pub(crate) has_password: bool,
    /// When an unused invitation expires.
    pub(crate) invited_until: Option<i64>,
}

/// How many of these could not sign in where passwords alone are taken; whoever is deactivated cannot anyway.
pub(crate) fn without_password(people: &[Listed]) -> usize {
    let without = |one: &&Listed| !one.has_password && !one.user.disabled;
    people.iter().filter(without).count()
}

/// Whether the plugin would take this as somebody's address, for where it cannot be asked: RFC 5321's dot-string at a domain
/// of letters, digits and hyphens. `tests/emails.json` is held against both.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        let mut bytes = atom.bytes();
        !atom.is_empty()
            && bytes.all(|byte| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]@".contains(&byte))
    };
    text.len() <= 254 && local.len() <= 64 && local.split('.').all(is_atom) && is_domain(domain)
}

/// Two labels at least, the last of them no number.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        (1..=63).contains(&label.len())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let last = domain.rsplit_once('.').map(|(_, last)| last);
    last.is_some_and(|last| !is_number(last)) && domain.split('.').all(is_label)
}

/// Inserts a user, or does nothing and says false when the tenant has one with this very e-mail.
pub(crate) async fn add(
    db: impl AnyExecutor<'_>,
    user: &User,
    password: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO users (id, tenant, email, name, administrator, disabled, password)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, email) DO NOTHING",
    )
    .bind(&user.id)
    .bind(&user.tenant)
    .bind(&user.email)
    .bind(&user.name)
    .bind(i64::from(user.administrator))
    .bind(i64::from(user.disabled))
    .bind(password)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Everybody with this e-mail who may sign in by password, with the password's hash. One person may be of several tenants:
/// of as many as the operator gave them a password at.
pub(crate) async fn with_password(
    db: &AnyPool,
    email: &str,
    tenant: Option<&str>,
) -> Result<Vec<(User, String)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT * FROM users
         WHERE email = $1 AND ($2 IS NULL OR tenant = $2) AND password IS NOT NULL AND disabled = 0",
    )
    .bind(email)
    .bind(tenant)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| Ok((User::from_row(row)?, row.try_get("password")?)))
        .collect()
}

/// A user as they are now, if they may still come in by the password with this hash.
pub(crate) async fn find_with_hash(
    db: impl AnyExecutor<'_>,
    user: &User,
    hash: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM users WHERE tenant = $1 AND id = $2 AND password = $3 AND disabled = 0",
    )
    .bind(&user.tenant)
    .bind(&user.id)
    .bind(hash)
    .fetch_optional(db)
    .await
}

/// Within one tenant.
pub(crate) async fn find(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    id: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM users WHERE tenant = $1 AND id = $2")
        .bind(tenant)
        .bind(id)
        .fetch_optional(db)
        .await
}

/// How many people a tenant has.
pub(crate) async fn count(db: impl AnyExecutor<'_>, tenant: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE tenant = $1")
        .bind(tenant)
        .fetch_one(db)
        .await
}

/// Everybody of a tenant, administrators first.
pub(crate) async fn of_tenant(db: &AnyPool, tenant: &str) -> Result<Vec<Listed>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT users.*, links.subject,
                CASE WHEN invitations.used_at IS NULL THEN invitations.expires END AS invited_until
         FROM users
         LEFT JOIN links ON links.tenant = users.tenant AND links.user_id = users.id
         LEFT JOIN invitations ON invitations.user_id = users.id
         WHERE users.tenant = $1 ORDER BY administrator DESC, email LIMIT $2",
    )
    .bind(tenant)
    .bind(MOST)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                user: User::from_row(row)?,
                linked: row.try_get::<Option<&str>, _>("subject")?.is_some(),
                has_password: row.try_get::<Option<&str>, _>("password")?.is_some(),
                invited_until: row.try_get("invited_until")?,
            })
        })
        .collect()
}

/// Lets a user in or keeps them out; keeping out ends their sessions in the same step.
pub(crate) async fn set_disabled(
    db: &mut AnyConnection,
    user: &User,
    disabled: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET disabled = $1 WHERE tenant = $2 AND id = $3")
        .bind(i64::from(disabled))
        .bind(&user.tenant)
        .bind(&user.id)
        .execute(&mut *db)
        .await?;
    if disabled {
        crate::sessions::end_all_of_user(db, &user.id).await?;
    }
    Ok(())
}

/// Unties a user from their account at the provider, and ends their sessions.
pub(crate) async fn unlink(db: &mut AnyConnection, user: &User) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM links WHERE tenant = $1 AND user_id = $2")
        .bind(&user.tenant)
        .bind(&user.id)
        .execute(&mut *db)
        .await?;
    crate::sessions::end_all_of_user(db, &user.id).await
}

/// Removes a user with all that hangs on them: link, invitation, sessions.
pub(crate) async fn remove(db: impl AnyExecutor<'_>, user: &User) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM users WHERE tenant = $1 AND id = $2")
        .bind(&user.tenant)
        .bind(&user.id)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives a user another address, unless somebody of the tenant has it.
pub(crate) async fn set_email(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    id: &str,
    email: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE users SET email = $3 WHERE tenant = $1 AND id = $2
         AND NOT EXISTS (SELECT 1 FROM users WHERE tenant = $1 AND email = $3)",
    )
    .bind(tenant)
    .bind(id)
    .bind(email)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::is_email;

    #[derive(Deserialize)]
    struct Emails {
        accepted: Vec<String>,
        refused: Vec<String>,
    }

    #[test]
    fn addresses_are_those_that_the_plugin_takes() {
        let emails: Emails = serde_json::from_str(include_str!("../../tests/emails.json")).unwrap();
        for address in emails.accepted {
            assert!(is_email(&address), "{address:?}");
        }
        for address in emails.refused {
            assert!(!is_email(&address), "{address:?}");
        }
    }
}
