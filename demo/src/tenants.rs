//! Tenants: the companies that use the product.

use sqlx::{AnyExecutor, AnyPool};

/// One company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Also its name in addresses: see [`is_id`].
    pub(crate) id: String,
    pub(crate) name: String,
}

/// 1 to 63 of `a-z 0-9 -`, neither first nor last a hyphen: safe in an address, a key and a log line.
pub(crate) fn is_id(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Makes a tenant, or does nothing and says false when there is one with this id.
pub(crate) async fn add(db: impl AnyExecutor<'_>, tenant: &Tenant) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("INSERT INTO tenants (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(&tenant.id)
        .bind(&tenant.name)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// By id.
pub(crate) async fn find(db: &AnyPool, id: &str) -> Result<Option<Tenant>, sqlx::Error> {
    let row: Option<(String, String)> =
        sqlx::query_as("SELECT id, name FROM tenants WHERE id = $1")
            .bind(id)
            .fetch_optional(db)
            .await?;
    Ok(row.map(|(id, name)| Tenant { id, name }))
}

/// All, by name.
pub(crate) async fn all(db: &AnyPool) -> Result<Vec<Tenant>, sqlx::Error> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, name FROM tenants ORDER BY name, id")
            .fetch_all(db)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| Tenant { id, name })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_are_plain() {
        for good in ["a", "acme", "a-1", &"a".repeat(63)] {
            assert!(is_id(good), "{good}");
        }
        for bad in [
            "",
            "a:b",
            "a%3Ab",
            "A",
            "-a",
            "a-",
            "a b",
            "a\0",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
