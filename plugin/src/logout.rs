//! Ending sessions, from either side.

use crate::capability::Capabilities;
use crate::connection;
use crate::contract::exports::sso::provider::login::{TokenProblem, TokenRejection};
use crate::contract::exports::sso::provider::logout::{LogoutError, Notice, RevocationRequest};
use crate::contract::sso::provider::types::Connection;
use crate::email;
use crate::error::{TokenError, compared};
use crate::flow::keys;
use crate::flow::metadata::metadata;
use crate::form;
use crate::id_token::{self, Times};
use crate::json::{Json, MemberError, Object, Rounding};
use crate::jws::{self, Kind};
use crate::record::Writer;

/// The member of `events` that makes a token a logout token (Back-Channel Logout 1.0 section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Bytes of a `jti` or `sid`.
const MAX_ID: usize = 256;
/// Seconds that the storage remembers a token for at most; one that is good for longer would be good twice.
const MEMORY: u64 = 86_400;

/// The URL that ends the provider's own session (RP-Initiated Logout 1.0 section 2).
///
/// # Errors
/// `unsupported`, `request-malformed`, `connection-invalid`, and those of metadata.
pub fn begin(
    host: &mut impl Capabilities,
    connection: &Connection,
    hint: &str,
    state: Option<&str>,
) -> Result<String, LogoutError> {
    if !connection::is_valid(connection) {
        return Err(LogoutError::ConnectionInvalid);
    }
    let of_base64url = |text: &str, also: &[u8]| {
        text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || also.contains(&byte)
        })
    };
    let hint_sound = (1..=jws::MAX_TOKEN).contains(&hint.len()) && of_base64url(hint, b".");
    let state_sound =
        state.is_none_or(|state| (1..=256).contains(&state.len()) && of_base64url(state, b""));
    if !hint_sound || !state_sound {
        return Err(LogoutError::RequestMalformed);
    }
    let now = host.now();
    let metadata = metadata(host, connection, now)?;
    let (Some(endpoint), Some(back)) =
        (&metadata.end_session, &connection.post_logout_redirect_uri)
    else {
        return Err(LogoutError::Unsupported);
    };
    // Okta: needs the hint; an expired token is good enough.
    let mut pairs = vec![
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", back.as_str()),
    ];
    if let Some(state) = state {
        pairs.push(("state", state));
    }
    Ok(form::append_query(endpoint, &pairs))
}

/// Believes a logout token once (Back-Channel Logout 1.0 section 2.6).
///
/// # Errors
/// `token-rejected`, `replayed`, `storage-unavailable`, `connection-invalid`, and those of metadata and keys.
pub fn receive_logout_token(
    host: &mut impl Capabilities,
    connection: &Connection,
    token: &str,
) -> Result<Notice, LogoutError> {
    let now = prepare(host, connection)?;
    let payload = verify(host, connection, token, Kind::LogoutToken, now)?;
    let (notice, once) = read_logout_token(connection, &payload, now).map_err(TokenError::from)?;
    consume(host, &once, now)?;
    Ok(notice)
}

/// Believes a global token revocation once.
///
/// Okta: Universal Logout; signed with the keys of ID tokens, `sub` the client, `aud` this endpoint.
///
/// # Errors
/// As [`receive_logout_token`]; `request-malformed` for header and body.
pub fn receive_revocation(
    host: &mut impl Capabilities,
    connection: &Connection,
    request: &RevocationRequest,
) -> Result<Notice, LogoutError> {
    let now = prepare(host, connection)?;
    let token = match request.authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
        _ => return Err(LogoutError::RequestMalformed),
    };
    // Before anything is fetched: what names nobody is not worth asking the provider about.
    let notice = read_subject(connection, &request.body).ok_or(LogoutError::RequestMalformed)?;
    let payload = verify(host, connection, token, Kind::Revocation, now)?;
    let once =
        read_revocation(connection, &payload, &request.endpoint, now).map_err(TokenError::from)?;
    consume(host, &once, now)?;
    Ok(notice)
}

/// What makes a token good once: its own id, and when it is good no more.
struct Once {
    kind: &'static str,
    id: String,
    ends: u64,
}

fn prepare(host: &mut impl Capabilities, connection: &Connection) -> Result<u64, LogoutError> {
    if connection::is_valid(connection) {
        Ok(host.now())
    } else {
        Err(LogoutError::ConnectionInvalid)
    }
}

fn verify(
    host: &mut impl Capabilities,
    connection: &Connection,
    token: &str,
    kind: Kind,
    now: u64,
) -> Result<Vec<u8>, TokenError> {
    // What the connection allows is checked before anything is fetched, what the provider offers after.
    jws::parse(token, kind, &connection.policy.algorithms)?;
    let metadata = metadata(host, connection, now)?;
    let jws = jws::parse(token, kind, &metadata.algorithms)?;
    keys::verify(host, connection, &metadata, &jws, now)?;
    Ok(jws.payload)
}

fn consume(host: &mut impl Capabilities, once: &Once, now: u64) -> Result<(), LogoutError> {
    let key = Writer::new(once.kind).text(&once.id).digest();
    // `check_common` saw to it that this is 1 to `MEMORY`.
    let left = u32::try_from(once.ends.saturating_sub(now)).unwrap_or(u32::MAX);
    match host.put_if_absent(&key, &[1], left) {
        Ok(true) => Ok(()),
        Ok(false) => Err(LogoutError::Replayed),
        Err(_) => Err(LogoutError::StorageUnavailable),
    }
}

/// Issuer, audience and times, alike in both kinds.
fn check_common(
    connection: &Connection,
    claims: &Object<'_>,
    audience: &str,
    now: u64,
) -> Result<(String, u64), TokenRejection> {
    let issuer = claims.string("iss")?;
    let found = id_token::audience(claims)?;
    let expires = claims.date("exp", Rounding::Down)?;
    let issued = claims.date("iat", Rounding::Up)?;
    let not_before = claims.optional_date("nbf", Rounding::Up)?;
    let id = claims.string("jti")?;
    if !(1..=MAX_ID).contains(&id.len()) {
        return Err(MemberError::Mistyped("jti").into());
    }
    if issuer != connection.issuer {
        return Err(compared(
            TokenProblem::IssuerMismatch,
            &connection.issuer,
            issuer,
        ));
    }
    if found != [audience] {
        return Err(compared(
            TokenProblem::AudienceMismatch,
            audience,
            &found.join(" "),
        ));
    }
    let tolerance = u64::from(connection.policy.clock_tolerance);
    let times = Times {
        expires,
        issued,
        not_before,
    };
    id_token::check_times(now, tolerance, times)?;
    let ends = expires.saturating_add(tolerance);
    if ends.saturating_sub(now) > MEMORY {
        let latest = now.saturating_add(MEMORY).saturating_sub(tolerance);
        return Err(compared(
            TokenProblem::LifetimeUnacceptable,
            &latest.to_string(),
            &expires.to_string(),
        ));
    }
    Ok((id.to_owned(), ends))
}

fn read_logout_token(
    connection: &Connection,
    payload: &[u8],
    now: u64,
) -> Result<(Notice, Once), TokenRejection> {
    let claims = Object::parse(payload).map_err(TokenProblem::from)?;
    let (id, ends) = check_common(connection, &claims, &connection.client_id, now)?;
    let subject = claims.optional_string("sub")?;
    let session_id = claims.optional_string("sid")?;
    if let Some(subject) = subject {
        id_token::check_subject(subject)?;
    }
    // Section 2.6 step 4: a subject, a session, or both.
    if subject.is_none() && session_id.is_none() {
        return Err(MemberError::Missing("sub").into());
    }
    if session_id.is_some_and(|id| !(1..=MAX_ID).contains(&id.len())) {
        return Err(MemberError::Mistyped("sid").into());
    }
    let event = claims
        .get("events")
        .and_then(Json::as_object)
        .and_then(|events| events.get(EVENT)?.as_object());
    if event.is_none() {
        return Err(TokenProblem::EventMissing.into());
    }
    // Section 2.4: so that no ID token ever passes for one.
    if claims.contains("nonce") {
        return Err(TokenProblem::NoncePresent.into());
    }
    let notice = Notice {
        issuer: connection.issuer.clone(),
        subject: subject.map(str::to_owned),
        session_id: session_id.map(str::to_owned),
        email: None,
    };
    let once = Once {
        kind: "logout token 1",
        id,
        ends,
    };
    Ok((notice, once))
}

fn read_revocation(
    connection: &Connection,
    payload: &[u8],
    endpoint: &str,
    now: u64,
) -> Result<Once, TokenRejection> {
    let claims = Object::parse(payload).map_err(TokenProblem::from)?;
    let (id, ends) = check_common(connection, &claims, endpoint, now)?;
    let subject = claims.string("sub")?;
    if subject != connection.client_id {
        return Err(compared(
            TokenProblem::SubjectInvalid,
            &connection.client_id,
            subject,
        ));
    }
    Ok(Once {
        kind: "revocation 1",
        id,
        ends,
    })
}

/// Who is meant (RFC 9493): by e-mail, or by issuer and subject.
fn read_subject(connection: &Connection, body: &str) -> Option<Notice> {
    let body = Object::parse(body.as_bytes()).ok()?;
    let subject = body.get("sub_id")?.as_object()?;
    let mut notice = Notice {
        issuer: connection.issuer.clone(),
        subject: None,
        session_id: None,
        email: None,
    };
    match subject.string("format").ok()? {
        "email" => {
            let address = subject.string("email").ok()?;
            notice.email = email::is_well_formed(address).then(|| address.to_owned());
            notice.email.is_some().then_some(notice)
        }
        "iss_sub" if subject.string("iss").ok()? == connection.issuer => {
            let subject = subject.string("sub").ok()?;
            id_token::check_subject(subject).ok()?;
            notice.subject = Some(subject.to_owned());
            Some(notice)
        }
        _ => None,
    }
}
