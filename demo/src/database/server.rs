//! The address of a database server.

use std::fmt;

/// As it was given. Shows nothing of itself but its scheme: there may be a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// Of a text with `://` in it.
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What stands before `://`.
    pub(crate) fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Whether a PostgreSQL is there.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.scheme(), "postgres" | "postgresql")
    }

    /// Whether a Redis or Valkey is there.
    pub(crate) fn is_redis(&self) -> bool {
        matches!(self.scheme(), "redis" | "rediss")
    }

    /// All of it, for the client that connects.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({}://…)", self.scheme())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let address = ServerAddress::new("postgres://ledgerline:canary@db.example/ledgerline");
        assert!(address.expose().contains("canary"));
        assert_eq!(format!("{address:?}"), "ServerAddress(postgres://…)");
    }
}
