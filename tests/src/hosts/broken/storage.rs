//! Storage that loses something, gives it twice, or to others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use okta_sso_host::{Clock, Storage, StorageError, StorageKey, SystemClock};
use serde::Deserialize;
use tokio::time::sleep;

/// How storage is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageFault {
    /// Reading and removing are two steps.
    TakeNotAtomic,
    /// Looking and storing are two steps.
    PutNotAtomic,
    /// A later value replaces a live one.
    PutReplaces,
    /// A key that was taken once is never free again.
    TakenStaysTaken,
    /// The time to live is not looked at.
    NeverEnds,
    /// Gone a second early: compared with the wrong sign.
    EndsEarly,
    /// Ends by the database's clock and not by the host's.
    OwnClock,
    /// Connection and key one after the other, without their lengths.
    KeysJoined,
    /// The key alone, whoever's it is.
    KeysUnscoped,
    /// A column that does not tell capital letters from small ones.
    KeysInLowerCase,
    /// A column of text.
    ValuesAsText,
    /// A column of 8 KiB.
    ValuesCut,
}

/// What another process does between two steps.
const BETWEEN: Duration = Duration::from_millis(2);

pub(super) struct Stored {
    right: Arc<dyn Storage>,
    fault: StorageFault,
    taken: Mutex<BTreeSet<Vec<u8>>>,
}

impl Stored {
    pub(super) fn new(right: Arc<dyn Storage>, fault: StorageFault) -> Self {
        Self {
            right,
            fault,
            taken: Mutex::default(),
        }
    }

    /// Where the entry is kept.
    fn key(&self, key: &StorageKey) -> StorageKey {
        let kept = |bytes: Vec<u8>| StorageKey::host("broken", &bytes);
        match self.fault {
            StorageFault::KeysJoined => {
                let (connection, key) = halves(key);
                kept([connection, key].concat())
            }
            StorageFault::KeysUnscoped => kept(halves(key).1.to_vec()),
            StorageFault::KeysInLowerCase => kept(key.as_bytes().to_ascii_lowercase()),
            _ => key.clone(),
        }
    }

    /// What is kept.
    fn value(&self, value: &[u8]) -> Vec<u8> {
        match self.fault {
            StorageFault::ValuesAsText => String::from_utf8_lossy(value).into_owned().into_bytes(),
            StorageFault::ValuesCut => value.iter().copied().take(8 << 10).collect(),
            _ => value.to_vec(),
        }
    }

    /// The second that time to live is counted from.
    fn stored_at(&self, now: u64) -> u64 {
        match self.fault {
            StorageFault::OwnClock => SystemClock.now(),
            _ => now,
        }
    }

    /// The second that an entry is held against.
    fn read_at(&self, now: u64) -> u64 {
        match self.fault {
            StorageFault::NeverEnds => 0,
            StorageFault::EndsEarly => now + 1,
            StorageFault::OwnClock => SystemClock.now(),
            _ => now,
        }
    }
}

/// Connection and key: what [`StorageKey`] holds after its first letter, each with eight bytes of length in front.
fn halves(key: &StorageKey) -> (&[u8], &[u8]) {
    let bytes = key.as_bytes().get(1..).unwrap_or_default();
    let half = |bytes: &'_ [u8]| {
        let length = bytes
            .first_chunk()
            .map_or(0, |length| u64::from_be_bytes(*length));
        usize::try_from(length).unwrap_or_default()
    };
    let (connection, rest) = bytes.get(8..).unwrap_or_default().split_at(half(bytes));
    (connection, rest.get(8..).unwrap_or_default())
}

#[async_trait]
impl Storage for Stored {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let (kept, value, now) = (self.key(key), self.value(value), self.stored_at(now));
        match self.fault {
            StorageFault::PutNotAtomic => {
                if self.right.get(&kept, now).await?.is_some() {
                    return Ok(false);
                }
                sleep(BETWEEN).await;
                self.right.take(&kept, now).await?;
            }
            StorageFault::PutReplaces => drop(self.right.take(&kept, now).await?),
            StorageFault::TakenStaysTaken => {
                let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
                if taken.contains(kept.as_bytes()) {
                    return Ok(false);
                }
            }
            _ => {}
        }
        let stored = self
            .right
            .put_if_absent(&kept, &value, now, time_to_live)
            .await?;
        Ok(match self.fault {
            StorageFault::PutNotAtomic | StorageFault::PutReplaces => true,
            _ => stored,
        })
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let (kept, now) = (self.key(key), self.read_at(now));
        if self.fault == StorageFault::TakeNotAtomic {
            let found = self.right.get(&kept, now).await?;
            sleep(BETWEEN).await;
            self.right.take(&kept, now).await?;
            return Ok(found);
        }
        let found = self.right.take(&kept, now).await?;
        if found.is_some() && self.fault == StorageFault::TakenStaysTaken {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.insert(kept.as_bytes().to_vec());
        }
        Ok(found)
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        self.right.get(&self.key(key), self.read_at(now)).await
    }
}
