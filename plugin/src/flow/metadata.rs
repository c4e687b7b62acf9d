//! Documents of the provider, from the cache or fresh.

use crate::capability::Capabilities;
use crate::contract::sso::provider::http::{Request, Response};
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::types::Connection;
use crate::discovery::{self, Metadata};
use crate::error::ProviderError;
use crate::flow::send;
use crate::record::{Reader, Writer};
use crate::{answer, error};

/// Seconds that an old document stands in while no new one can be had.
const STALE: u64 = 3_600;
/// Seconds before the next attempt then.
const RETRY: u64 = 30;
const VERSION: &str = "cached 1";

/// A cached document with its two ends.
pub(crate) struct Cached {
    pub(crate) fresh_until: u64,
    pub(crate) usable_until: u64,
    pub(crate) document: Vec<u8>,
}

impl Cached {
    pub(crate) fn read(host: &mut impl Capabilities, key: &[u8], now: u64) -> Option<Self> {
        let record = host.cache_get(key)?;
        let mut reader = Reader::new(&record, VERSION)?;
        let cached = Self {
            fresh_until: reader.number()?,
            usable_until: reader.number()?,
            document: reader.bytes()?.to_vec(),
        };
        // A clock that stepped back must not make anything live longer than it may.
        let sane = cached.usable_until <= now.saturating_add(86_400 + STALE);
        (sane && now < cached.usable_until).then_some(cached)
    }

    pub(crate) fn write(&self, host: &mut impl Capabilities, key: &[u8], now: u64) {
        let record = Writer::new(VERSION)
            .number(self.fresh_until)
            .number(self.usable_until)
            .bytes(&self.document)
            .finish();
        let left = self.usable_until.saturating_sub(now).max(1);
        host.cache_put(key, &record, u32::try_from(left).unwrap_or(u32::MAX));
    }
}

/// The cache key of a document: the whole connection takes part, so that nothing outlives a change of it. At most 215
/// bytes, so that no digest is needed to fit one.
pub(crate) fn cache_key(connection: &Connection, document: &str) -> Vec<u8> {
    Writer::new("cache key 2")
        .text(&connection.id)
        .text(&connection.revision)
        .text(document)
        .finish()
}

/// Fetches a document and caches what `process` made of it.
pub(crate) fn fetch(
    host: &mut impl Capabilities,
    key: &[u8],
    request: &Request,
    now: u64,
    process: impl FnOnce(&Response) -> Result<Vec<u8>, ProviderError>,
) -> Result<Vec<u8>, ProviderError> {
    let response = send(host, request)?;
    let document = process(&response)?;
    let fresh_until = now.saturating_add(answer::lifetime(&response));
    let cached = Cached {
        fresh_until,
        usable_until: fresh_until.saturating_add(STALE),
        document,
    };
    // Replaced as a whole: what the provider withdrew is gone.
    cached.write(host, key, now);
    Ok(cached.document)
}

/// A provider's document.
pub(crate) struct Document {
    pub(crate) record: Vec<u8>,
    /// Nobody was asked: it is from the cache, and fresh.
    pub(crate) is_cached: bool,
}

/// A document from the cache while it is fresh, else from the provider, else the old one for an hour.
pub(crate) fn load(
    host: &mut impl Capabilities,
    key: &[u8],
    request: &Request,
    now: u64,
    process: impl FnOnce(&Response) -> Result<Vec<u8>, ProviderError>,
) -> Result<Document, ProviderError> {
    let cached = match Cached::read(host, key, now) {
        Some(cached) if now < cached.fresh_until => {
            return Ok(Document {
                record: cached.document,
                is_cached: true,
            });
        }
        other => other,
    };
    let record = match (fetch(host, key, request, now, process), cached) {
        (Ok(document), _) => document,
        (Err(failure), None) => return Err(failure),
        (Err(failure), Some(old)) => {
            let endpoint = error::endpoint_name(request.endpoint);
            host.log(
                Level::Warn,
                "provider-document-stale",
                &[("endpoint", endpoint), ("reason", &failure.code())],
            );
            let again = now.saturating_add(RETRY).min(old.usable_until);
            let old = Cached {
                fresh_until: again,
                ..old
            };
            old.write(host, key, now);
            old.document
        }
    };
    Ok(Document {
        record,
        is_cached: false,
    })
}

/// The connection's metadata.
///
/// # Errors
/// Why there is none.
pub fn metadata(
    host: &mut impl Capabilities,
    connection: &Connection,
    now: u64,
) -> Result<Metadata, ProviderError> {
    let key = cache_key(connection, "metadata");
    let request = discovery::build_metadata_request(connection);
    let document = load(host, &key, &request, now, |response| {
        Ok(discovery::process_metadata_response(connection, response, now)?.to_record())
    })?;
    match Metadata::from_record(&document.record) {
        Some(metadata) => Ok(metadata),
        // Another version of this component wrote it: as good as not cached.
        None => {
            let response = send(host, &request)?;
            discovery::process_metadata_response(connection, &response, now)
        }
    }
}
