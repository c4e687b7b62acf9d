//! Whose call it is, and storage keys that cannot collide across connections.

use std::fmt;

use crate::contract::{Connection, Network};

/// The connection that a capability is used for, as far as capabilities need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `connection.id`.
    pub connection_id: String,
    /// `connection.hosts`: `host` or `host:port`, lower-case.
    pub hosts: Vec<String>,
    /// `connection.policy.network`.
    pub network: Network,
}

impl Scope {
    /// The scope of `connection`.
    #[must_use]
    pub fn of(connection: &Connection) -> Self {
        Self {
            connection_id: connection.id.clone(),
            hosts: connection.hosts.clone(),
            network: connection.policy.network,
        }
    }
}

/// A storage key: whose space, which connection, which key, each with its length in front.
///
/// Two different triples never give the same bytes, whatever the parts hold. At most 400 bytes for
/// what the contract allows.
#[derive(Clone)]
pub struct StorageKey {
    bytes: Box<[u8]>,
    /// Whose share of bounded room the entry takes: found by another name, it is still this connection's.
    owner: Option<Box<[u8]>>,
}

impl StorageKey {
    /// A key of the plugin, in the space of one connection.
    #[must_use]
    pub fn plugin(connection_id: &str, key: &[u8]) -> Self {
        Self::encode(b'p', connection_id.as_bytes(), key)
    }

    /// A key of the host's own, such as handle → connection; `purpose` names the kind of entry.
    #[must_use]
    pub fn host(purpose: &str, key: &[u8]) -> Self {
        Self::encode(b'h', purpose.as_bytes(), key)
    }

    /// Counts the entry towards this connection, where room is shared. Changes nothing about where it is found.
    #[must_use]
    pub fn on_behalf_of(mut self, connection_id: &str) -> Self {
        self.owner = Some(Self::plugin(connection_id, b"").scope().into());
        self
    }

    /// The bytes to store under.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Space and connection, with its length: what an entry counts towards.
    pub(crate) fn scope(&self) -> &[u8] {
        if let Some(owner) = &self.owner {
            return owner;
        }
        let length = self.bytes.get(1..9).and_then(|bytes| bytes.try_into().ok());
        let length = length.map_or(0, u64::from_be_bytes);
        let end = usize::try_from(length).map_or(0, |length| length.saturating_add(9));
        self.bytes.get(..end).unwrap_or(&self.bytes)
    }

    fn encode(space: u8, scope: &[u8], key: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(17 + scope.len() + key.len());
        bytes.push(space);
        for part in [scope, key] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self {
            bytes: bytes.into(),
            owner: None,
        }
    }
}

impl PartialEq for StorageKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for StorageKey {}

impl fmt::Debug for StorageKey {
    /// Shows the length alone: keys are derived from what a browser holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageKey({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let keys = [
            StorageKey::plugin("a", b"bc"),
            StorageKey::plugin("ab", b"c"),
            StorageKey::plugin("abc", b""),
            StorageKey::plugin("", b"abc"),
            StorageKey::host("a", b"bc"),
        ];
        for (i, one) in keys.iter().enumerate() {
            for other in &keys[i + 1..] {
                assert_ne!(one, other);
            }
        }
        assert_eq!(StorageKey::plugin("a", b"bc"), keys[0]);
    }
}
