//! Cache, clock, credentials, log and randomness that are wrong.

use std::sync::Arc;

use async_trait::async_trait;
use okta_sso_host::contract::Level;
use okta_sso_host::{
    Cache, Clock, CredentialError, Credentials, Log, Random, RandomError, Scope, Secret, Storage,
    StorageKey,
};
use serde::Deserialize;

/// How a cache is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheFault {
    /// The time to live is not looked at.
    NeverEnds,
    /// What is there is not replaced.
    KeepsTheFirst,
    /// Values are kept as far as 128 KiB.
    ValuesCut,
    /// Connection and key one after the other, without their lengths.
    KeysJoined,
    /// One table for it and for storage.
    SharedWithStorage,
}

pub(super) struct Cached {
    pub(super) right: Arc<dyn Cache>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) fault: CacheFault,
}

impl Cached {
    /// Whose the entry is, and under which key.
    fn place(&self, scope: &Scope, key: &[u8]) -> (Scope, Vec<u8>) {
        let mut scope = scope.clone();
        if self.fault != CacheFault::KeysJoined {
            return (scope, key.to_vec());
        }
        let key = [scope.connection_id.as_bytes(), key].concat();
        scope.connection_id.clear();
        (scope, key)
    }
}

#[async_trait]
impl Cache for Cached {
    async fn get(&self, scope: &Scope, key: &[u8], now: u64) -> Option<Vec<u8>> {
        if self.fault == CacheFault::SharedWithStorage {
            let key = StorageKey::plugin(&scope.connection_id, key);
            return self.storage.get(&key, now).await.ok()?;
        }
        let now = match self.fault {
            CacheFault::NeverEnds => 0,
            _ => now,
        };
        let (scope, key) = self.place(scope, key);
        self.right.get(&scope, &key, now).await
    }

    async fn put(&self, scope: &Scope, key: &[u8], value: &[u8], now: u64, time_to_live: u32) {
        let (scope, key) = self.place(scope, key);
        let mut value = value;
        match self.fault {
            CacheFault::SharedWithStorage => {
                let key = StorageKey::plugin(&scope.connection_id, &key);
                // Without either the entry is not there, which a cache may do.
                let _ = self.storage.take(&key, now).await;
                let _ = self
                    .storage
                    .put_if_absent(&key, value, now, time_to_live)
                    .await;
                return;
            }
            CacheFault::KeepsTheFirst if self.right.get(&scope, &key, now).await.is_some() => {
                return;
            }
            CacheFault::ValuesCut => value = value.get(..128 << 10).unwrap_or(value),
            _ => {}
        }
        self.right.put(&scope, &key, value, now, time_to_live).await;
    }
}

/// How a clock is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFault {
    /// Of another time zone.
    AnHourAhead,
}

pub(super) struct Clocked {
    pub(super) right: Arc<dyn Clock>,
    pub(super) fault: ClockFault,
}

impl Clock for Clocked {
    fn now(&self) -> u64 {
        match self.fault {
            ClockFault::AnHourAhead => self.right.now() + 3600,
        }
    }
}

/// How credentials are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialsFault {
    /// Read from a file with the end of its line.
    SecretWithItsLine,
    /// Not found.
    SecretMissing,
}

pub(super) struct Credited {
    pub(super) right: Arc<dyn Credentials>,
    pub(super) fault: CredentialsFault,
}

#[async_trait]
impl Credentials for Credited {
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError> {
        let secret = self.right.client_secret(connection_id).await?;
        Ok(match self.fault {
            CredentialsFault::SecretWithItsLine => {
                secret.map(|secret| Secret::new(format!("{}\n", secret.expose())))
            }
            CredentialsFault::SecretMissing => None,
        })
    }
}

/// How a log is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFault {
    /// What the host escaped is a line's end again.
    Unescapes,
    /// Each name and value has the one before in front, so that an event outgrows its bound.
    Accumulates,
    /// Warnings and errors alone are kept.
    KeepsWarnings,
}

pub(super) struct Logged {
    pub(super) right: Arc<dyn Log>,
    pub(super) fault: LogFault,
}

impl Log for Logged {
    fn event(&self, scope: &Scope, level: Level, code: &str, fields: &[(String, String)]) {
        let mut fields = fields.to_vec();
        match self.fault {
            LogFault::Unescapes => {
                for (_, value) in &mut fields {
                    *value = value.replace(r"\u{a}", "\n");
                }
            }
            LogFault::Accumulates => {
                let mut before = String::new();
                for (_, value) in &mut fields {
                    before.push_str(value);
                    value.clone_from(&before);
                }
            }
            LogFault::KeepsWarnings if matches!(level, Level::Debug | Level::Info) => return,
            LogFault::KeepsWarnings => {}
        }
        self.right.event(scope, level, code, &fields);
    }
}

/// How randomness is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RandomFault {
    /// The same bytes every time.
    Repeats,
    /// Zeros after the first eight bytes.
    EightBytes,
    /// Digits, so that each byte has few values.
    Digits,
}

pub(super) struct Drawn {
    pub(super) right: Arc<dyn Random>,
    pub(super) fault: RandomFault,
}

impl Random for Drawn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        match self.fault {
            RandomFault::Repeats => bytes.fill(0x5a),
            RandomFault::EightBytes => {
                let length = bytes.len().min(8);
                bytes.fill(0);
                self.right
                    .fill(bytes.get_mut(..length).unwrap_or_default())?;
            }
            RandomFault::Digits => {
                self.right.fill(bytes)?;
                bytes.iter_mut().for_each(|byte| *byte = b'0' + *byte % 10);
            }
        }
        Ok(())
    }
}
