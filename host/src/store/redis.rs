//! Storage in Redis or Valkey.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};

use super::{Storage, StorageError};
use crate::scope::StorageKey;

/// In front of every key, for a server that others use as well.
const PREFIX: &[u8] = b"okta-sso:";
/// How much longer the server keeps an entry than the host's clock says, in seconds: the host decides, the
/// server only clears up.
const GRACE: u64 = 60;
/// How long replicas may take to confirm.
const CONFIRMATION_MILLIS: u32 = 50;
/// Lua counts in doubles, which are whole up to here; a clock beyond is beyond every entry.
const LAST: u64 = 1 << 53;

/// An entry is its end in decimal digits, a colon, and the value. Stores unless a live one is there.
static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local held = redis.call('GET', KEYS[1])
        if held and tonumber(string.match(held, '^%d+')) > tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
        return 1",
    )
});

/// For many machines: any of them completes what another began. Needs Redis 6.2 or Valkey.
///
/// Set `maxmemory-policy noeviction`: under any other, pending logins vanish when memory is short. Replication
/// is asynchronous: a primary that dies between a take and its replication may leave a replica that still has the
/// entry. A second use of it then fails at the provider, whose code was used; see also
/// [`RedisStorage::confirmed_by`].
#[derive(Clone)]
pub struct RedisStorage {
    manager: ConnectionManager,
    /// That have to have taken as well.
    replicas: u32,
}

impl RedisStorage {
    /// Connects by an address such as `rediss://user:password@host:6379/0`; reconnects by itself.
    pub async fn open(address: &str) -> Result<Self, StorageError> {
        let client = Client::open(address).map_err(unavailable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(2)))
            .set_min_delay(Duration::from_millis(50))
            .set_number_of_retries(1);
        let mut manager = ConnectionManager::new_with_config(client, config)
            .await
            .map_err(unavailable)?;
        warn_of_eviction(&mut manager).await;
        Ok(Self {
            manager,
            replicas: 0,
        })
    }

    /// Lets a take count only once so many replicas have it too, within 50 ms (`WAIT`). Otherwise storage is
    /// unavailable, the attempt is used up, and the person begins again. It narrows the window, and does not close it:
    /// a replica without it may still be promoted.
    #[must_use]
    pub fn confirmed_by(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// Whether enough replicas have what was written last.
    async fn is_confirmed(&self, manager: &mut ConnectionManager) -> Result<bool, RedisError> {
        if self.replicas == 0 {
            return Ok(true);
        }
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas).arg(CONFIRMATION_MILLIS);
        let have: u32 = wait.query_async(manager).await?;
        Ok(have >= self.replicas)
    }
}

#[async_trait]
impl Storage for RedisStorage {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let ends = now.saturating_add(time_to_live.into()).min(LAST);
        let entry = [ends.to_string().as_bytes(), b":", value].concat();
        let stored: u8 = PUT
            .key(name(key))
            .arg(now.min(LAST))
            .arg(entry)
            .arg(GRACE + u64::from(time_to_live))
            .invoke_async(&mut self.manager.clone())
            .await
            .map_err(unavailable)?;
        Ok(stored == 1)
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let mut manager = self.manager.clone();
        let entry: Option<Vec<u8>> = redis::cmd("GETDEL")
            .arg(name(key))
            .query_async(&mut manager)
            .await
            .map_err(unavailable)?;
        let Some(entry) = entry else {
            return Ok(None);
        };
        if !self.is_confirmed(&mut manager).await.map_err(unavailable)? {
            tracing::error!(
                replicas = self.replicas,
                "a take is not confirmed by replicas"
            );
            return Err(StorageError::Unavailable);
        }
        Ok(live(&entry, now))
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let entry: Option<Vec<u8>> = redis::cmd("GET")
            .arg(name(key))
            .query_async(&mut self.manager.clone())
            .await
            .map_err(unavailable)?;
        Ok(entry.and_then(|entry| live(&entry, now)))
    }
}

fn name(key: &StorageKey) -> Vec<u8> {
    [PREFIX, key.as_bytes()].concat()
}

/// The value, if its end is still to come.
fn live(entry: &[u8], now: u64) -> Option<Vec<u8>> {
    let colon = entry.iter().position(|&byte| byte == b':')?;
    let (ends, value) = entry.split_at_checked(colon)?;
    let ends: u64 = str::from_utf8(ends).ok()?.parse().ok()?;
    (ends > now.min(LAST)).then(|| value.get(1..).unwrap_or_default().to_vec())
}

/// Managed servers may not tell; then nothing is said.
async fn warn_of_eviction(manager: &mut ConnectionManager) {
    let asked = redis::cmd("CONFIG")
        .arg(&["GET", "maxmemory-policy"])
        .query_async::<Vec<String>>(manager)
        .await;
    if let Ok([_, policy]) = asked.as_deref()
        && policy != "noeviction"
    {
        tracing::warn!(
            policy,
            "Redis may evict pending logins: set maxmemory-policy noeviction"
        );
    }
}

fn unavailable(error: RedisError) -> StorageError {
    // An error of the client's may repeat the address, and with it a password.
    let (kind, code) = (error.kind(), error.code().unwrap_or_default());
    tracing::error!(?kind, code, "storage failed");
    StorageError::Unavailable
}
