//! The provider's keys, their rotation, and the signature check.

use crate::answer;
use crate::capability::Capabilities;
use crate::contract::exports::sso::provider::login::TokenProblem;
use crate::contract::sso::provider::http::{Authorization, Method, Request};
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::signatures::Error as SignatureError;
use crate::contract::sso::provider::types::{Connection, Endpoint};
use crate::discovery::Metadata;
use crate::error::{ProviderError, TokenError};
use crate::flow::metadata::{Cached, cache_key, fetch, load};
use crate::form;
use crate::jwks::{Key, KeySet};
use crate::jws::Jws;
use crate::record::{Reader, Writer};

/// Refetches that may follow each other at once, and seconds for one more.
const BURST: u64 = 3;
const INTERVAL: u64 = 30;
const BUCKET: &str = "refetches 1";

/// Verifies the signature of a token whose header was already checked.
///
/// # Errors
/// `key-not-found`, `key-ambiguous`, `key-unusable`, `signature-mismatch`; why the keys could not be had.
pub fn verify(
    host: &mut impl Capabilities,
    connection: &Connection,
    metadata: &Metadata,
    jws: &Jws<'_>,
    now: u64,
) -> Result<(), TokenError> {
    let key = key(host, connection, metadata, jws, now)?;
    host.verify(
        jws.header.algorithm,
        &key.jwk,
        jws.signing_input,
        &jws.signature,
    )
    .map_err(|error| match error {
        SignatureError::UnusableKey => TokenProblem::KeyUnusable.into(),
        SignatureError::Mismatch => TokenProblem::SignatureMismatch.into(),
    })
}

fn key(
    host: &mut impl Capabilities,
    connection: &Connection,
    metadata: &Metadata,
    jws: &Jws<'_>,
    now: u64,
) -> Result<Key, TokenError> {
    let slot = cache_key(connection, "keys");
    let request = keys_request(metadata.keys.clone());
    let process = |response: &_| process(response, now);
    let known = load(host, &slot, &request, now, process)?;
    if let Some(key) = choose(&known.record, jws)? {
        return Ok(key);
    }
    // Okta: keys pinned to one client are served beside the others, by org issuers alone (those without a path).
    let pinned = is_org_issuer(&connection.issuer).then(|| {
        let url = form::append_query(&metadata.keys, &[("client_id", &connection.client_id)]);
        (cache_key(connection, "client keys"), keys_request(url))
    });
    if let Some((slot, _)) = &pinned
        && let Some(cached) =
            Cached::read(host, slot, now).filter(|cached| now < cached.fresh_until)
        && let Some(key) = choose(&cached.document, jws)?
    {
        return Ok(key);
    }
    // An unknown key may have been published since: asked for at once, but not as often as strangers like.
    if !take_token(host, connection, now) {
        host.log(Level::Warn, "keys-refetch-held-back", &[]);
        return Err(TokenProblem::KeyNotFound.into());
    }
    host.log(Level::Info, "keys-refetched", &[]);
    if known.is_cached {
        let record = fetch(host, &slot, &request, now, process)?;
        if let Some(key) = choose(&record, jws)? {
            return Ok(key);
        }
    }
    if let Some((slot, request)) = &pinned
        && let Ok(record) = fetch(host, slot, request, now, process)
        && let Some(key) = choose(&record, jws)?
    {
        return Ok(key);
    }
    Err(TokenProblem::KeyNotFound.into())
}

fn keys_request(url: String) -> Request {
    Request {
        endpoint: Endpoint::Keys,
        method: Method::Get,
        url,
        headers: vec![answer::accept_json()],
        body: Vec::new(),
        authorization: Authorization::None,
    }
}

fn process(
    response: &crate::contract::sso::provider::http::Response,
    now: u64,
) -> Result<Vec<u8>, ProviderError> {
    answer::check_available(Endpoint::Keys, response, now)?;
    answer::check_status(Endpoint::Keys, response, 200)?;
    // RFC 7517 section 8.5 names a media type of its own; providers use either.
    let mut response = response.clone();
    for header in &mut response.headers {
        if header.name == "content-type" && header.value.starts_with("application/jwk-set+json") {
            header.value = "application/json".to_owned();
        }
    }
    answer::object(Endpoint::Keys, &response)?;
    Ok(KeySet::parse(&response.body)?.to_record())
}

/// The key that the token names; none when the set does not have it.
fn choose(record: &[u8], jws: &Jws<'_>) -> Result<Option<Key>, TokenError> {
    let Some(keys) = KeySet::from_record(record) else {
        return Ok(None);
    };
    match keys.choose(&jws.header) {
        Ok(key) => Ok(Some(key.clone())),
        Err(TokenProblem::KeyNotFound) => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

fn is_org_issuer(issuer: &str) -> bool {
    issuer
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.contains('/'))
}

/// Takes one token of the bucket, kept as the second at which it will be full again.
fn take_token(host: &mut impl Capabilities, connection: &Connection, now: u64) -> bool {
    let key = cache_key(connection, "refetches");
    let full_at = host
        .cache_get(&key)
        .and_then(|record| Reader::new(&record, BUCKET)?.number())
        .unwrap_or(now)
        .clamp(now, now.saturating_add(BURST * INTERVAL));
    let next = full_at.saturating_add(INTERVAL);
    if next > now.saturating_add(BURST * INTERVAL) {
        return false;
    }
    let record = Writer::new(BUCKET).number(next).finish();
    host.cache_put(
        &key,
        &record,
        u32::try_from(BURST * INTERVAL).unwrap_or(u32::MAX),
    );
    true
}
