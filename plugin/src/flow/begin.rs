//! `login.begin`: from a click to the provider's page.

use crate::authorize::{self, Draws};
use crate::base64url;
use crate::capability::Capabilities;
use crate::connection;
use crate::contract::exports::sso::provider::login::{LoginError, LoginRequest, Redirect};
use crate::contract::sso::provider::types::Connection;
use crate::flow::metadata::metadata;
use crate::flow::send;
use crate::transaction::{self, LIFETIME, Transaction};

/// Bytes of a `return-to`; a longer one is not kept.
const MAX_RETURN_TO: usize = 2_048;

/// Prepares one attempt.
///
/// # Errors
/// `connection-invalid`, `randomness-unavailable`, `storage-unavailable`, and those of metadata and of the pushed
/// request.
pub fn begin(
    host: &mut impl Capabilities,
    connection: &Connection,
    request: &LoginRequest,
) -> Result<Redirect, LoginError> {
    if !connection::is_valid(connection) {
        return Err(LoginError::ConnectionInvalid);
    }
    let now = host.now();
    let metadata = metadata(host, connection, now)?;
    let [state, nonce, verifier, browser_binding] = draw(host)?;
    let draws = Draws {
        state: &state,
        nonce: &nonce,
        verifier: &verifier,
    };
    let parameters = authorize::build_parameters(connection, request, draws);
    let url = match &metadata.pushed_authorization {
        None => authorize::build_url(connection, &metadata, &parameters),
        Some(endpoint) => {
            let pushed = authorize::build_pushed_request(connection, endpoint, &parameters);
            let response = send(host, &pushed)?;
            authorize::process_pushed_response(connection, &metadata, &response, now)?
        }
    };
    let return_to = request.return_to.clone();
    let transaction = Transaction {
        revision: connection.revision.clone(),
        nonce,
        verifier,
        return_to: return_to.filter(|place| place.len() <= MAX_RETURN_TO),
        response_issuer: metadata.response_issuer,
        silent: request.prompt
            == Some(crate::contract::exports::sso::provider::login::Prompt::None),
        expires: now.saturating_add(u64::from(LIFETIME)),
    };
    let key = transaction::key(connection, &state, &browser_binding);
    match host.put_if_absent(&key, &transaction.to_record(), LIFETIME) {
        Ok(true) => (),
        // Two attempts drew the same 64 bytes: the source repeats itself.
        Ok(false) => return Err(LoginError::RandomnessUnavailable),
        Err(_) => return Err(LoginError::StorageUnavailable),
    }
    Ok(Redirect {
        url,
        handle: transaction::handle(&state),
        browser_binding,
        expires: transaction.expires,
    })
}

/// Four independent draws of 32 bytes, two at a time.
fn draw(host: &mut impl Capabilities) -> Result<[String; 4], LoginError> {
    let pairs = [(); 2].map(|()| host.random(64));
    if pairs.iter().any(|pair| pair.len() != 64) {
        return Err(LoginError::RandomnessUnavailable);
    }
    let bytes = pairs.concat();
    let (draws, _) = bytes.as_chunks::<32>();
    let draws: &[_; 4] = draws
        .try_into()
        .map_err(|_| LoginError::RandomnessUnavailable)?;
    // A source that repeats a draw, or one byte, is no source.
    let varied = draws.iter().enumerate().all(|(index, draw)| {
        draws.iter().skip(index + 1).all(|other| other != draw)
            && draw.iter().any(|byte| Some(byte) != draw.first())
    });
    if varied {
        Ok(draws.each_ref().map(|draw| base64url::encode(draw)))
    } else {
        Err(LoginError::RandomnessUnavailable)
    }
}
