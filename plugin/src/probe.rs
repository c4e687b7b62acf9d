//! `config.probe`: asks the provider, changes nothing, and says what it found, check by check.
//!
//! It reads the metadata anew and never from the cache, and goes on after a failure as far as there
//! is something left to look at. Client ID and secret cannot be proved this way.

use crate::answer;
use crate::capability::Capabilities;
use crate::contract::exports::sso::provider::login::{Fault, LoginError};
use crate::contract::sso::provider::http::{Authorization, Method, Request, Response};
use crate::contract::sso::provider::types::{
    Check, ClientAuth, Connection, Endpoint, Finding, Outcome,
};
use crate::discovery::build_metadata_request;
use crate::error::{ProviderError, shown};
use crate::json::{MemberError, Object};
use crate::jwks::KeySet;
use crate::jws;
use crate::messages::Code;
use crate::origin::Origin;

/// The checks in the contract's order.
const CHECKS: [Check; 10] = [
    Check::Metadata,
    Check::Issuer,
    Check::Endpoints,
    Check::CodeFlow,
    Check::Pkce,
    Check::TokenAlgorithm,
    Check::ClientAuthentication,
    Check::Scopes,
    Check::Keys,
    Check::Clock,
];

/// Names of keys that a finding shows.
const NAMES: usize = 8;

/// One finding for each check from `metadata` to `clock`, in that order.
#[must_use]
pub fn probe(host: &mut impl Capabilities, connection: &Connection) -> Vec<Finding> {
    let answer = get(host, &build_metadata_request(connection));
    let now = host.now();
    let read = answer
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|response| Ok((response, answer::object(Endpoint::Metadata, response)?)));
    let (response, metadata) = match read {
        Ok(read) => read,
        Err(error) => return after(vec![failed(Check::Metadata, error)]),
    };
    // Another issuer's metadata says nothing about this one.
    if let Err(error) = issuer_is_equal(connection, &metadata) {
        return after(vec![pass(Check::Metadata), failed(Check::Issuer, error)]);
    }
    let mut findings = vec![
        pass(Check::Metadata),
        pass(Check::Issuer),
        of(
            Check::Endpoints,
            endpoints_are_on_host(connection, &metadata),
        ),
        of(
            Check::CodeFlow,
            offers(&metadata, "response_types_supported", "code", false),
        ),
        of(
            Check::Pkce,
            offers(&metadata, "code_challenge_methods_supported", "S256", true),
        ),
        of(
            Check::TokenAlgorithm,
            offers_an_algorithm(connection, &metadata),
        ),
        of(
            Check::ClientAuthentication,
            offers_client_authentication(connection, &metadata),
        ),
        scopes(connection, &metadata),
    ];
    findings.push(keys(host, connection, &metadata));
    findings.push(clock(connection, response, now));
    findings
}

/// Why a check is not a pass, with both sides where showing them is safe.
fn failed(check: Check, error: ProviderError) -> Finding {
    let (expected, found) = match &error {
        ProviderError::Misbehaved(fault) => (fault.expected.clone(), fault.found.clone()),
        ProviderError::Unavailable(_) | ProviderError::Busy(_) => (None, None),
    };
    Finding {
        check,
        outcome: Outcome::Fail,
        reason: Some(Code::Login(LoginError::from(error)).to_string()),
        expected,
        found,
    }
}

const fn pass(check: Check) -> Finding {
    Finding {
        check,
        outcome: Outcome::Pass,
        reason: None,
        expected: None,
        found: None,
    }
}

fn of(check: Check, result: Result<(), ProviderError>) -> Finding {
    result.map_or_else(|error| failed(check, error), |()| pass(check))
}

/// The first findings, and nothing left to look at.
fn after(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.extend(
        CHECKS
            .iter()
            .skip(findings.len())
            .map(|check| skipped(*check)),
    );
    findings
}

fn skipped(check: Check) -> Finding {
    Finding {
        outcome: Outcome::Skipped,
        ..pass(check)
    }
}

fn get(host: &mut impl Capabilities, request: &Request) -> Result<Response, ProviderError> {
    let endpoint = request.endpoint;
    // Blocked and unreachable read the same, so that nobody maps a private network by asking.
    let response = host
        .send(request)
        .map_err(|error| ProviderError::of_http(endpoint, error))?;
    answer::check_available(endpoint, &response, host.now())?;
    answer::check_status(endpoint, &response, 200)?;
    Ok(response)
}

fn in_metadata(error: MemberError) -> ProviderError {
    ProviderError::member(Endpoint::Metadata, error)
}

/// OpenID Connect Discovery 1.0 section 4.3: identical, so compared byte for byte.
fn issuer_is_equal(connection: &Connection, metadata: &Object<'_>) -> Result<(), ProviderError> {
    let issuer = metadata.string("issuer").map_err(in_metadata)?;
    if issuer == connection.issuer {
        return Ok(());
    }
    let expected = &connection.issuer;
    Err(ProviderError::compared(
        Endpoint::Metadata,
        Fault::IssuerMismatch,
        expected,
        issuer,
    ))
}

fn endpoints_are_on_host(
    connection: &Connection,
    metadata: &Object<'_>,
) -> Result<(), ProviderError> {
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
    ] {
        check_host(connection, metadata.string(name).map_err(in_metadata)?)?;
    }
    for name in [
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        if let Some(url) = metadata.optional_string(name).map_err(in_metadata)? {
            check_host(connection, url)?;
        }
    }
    Ok(())
}

fn check_host(connection: &Connection, url: &str) -> Result<(), ProviderError> {
    if Origin::parse(url).is_some_and(|origin| origin.is_of(connection)) {
        return Ok(());
    }
    let expected = connection.hosts.join(" ");
    Err(ProviderError::compared(
        Endpoint::Metadata,
        Fault::EndpointOffHost,
        &expected,
        url,
    ))
}

fn offers(
    metadata: &Object<'_>,
    name: &'static str,
    wanted: &str,
    absent_is_fine: bool,
) -> Result<(), ProviderError> {
    match metadata.optional_strings(name).map_err(in_metadata)? {
        Some(offered) if offered.contains(&wanted) => Ok(()),
        Some(offered) => Err(unsupported(wanted, &offered)),
        None if absent_is_fine => Ok(()),
        None => Err(in_metadata(MemberError::Missing(name))),
    }
}

fn unsupported(wanted: &str, offered: &[&str]) -> ProviderError {
    let offered = offered.join(" ");
    ProviderError::compared(Endpoint::Metadata, Fault::Unsupported, wanted, &offered)
}

fn offers_an_algorithm(
    connection: &Connection,
    metadata: &Object<'_>,
) -> Result<(), ProviderError> {
    const NAME: &str = "id_token_signing_alg_values_supported";
    let offered = metadata.optional_strings(NAME).map_err(in_metadata)?;
    let offered = offered.ok_or_else(|| in_metadata(MemberError::Missing(NAME)))?;
    let allowed: Vec<&str> = connection
        .policy
        .algorithms
        .iter()
        .map(|algorithm| jws::name(*algorithm))
        .collect();
    if allowed.iter().any(|name| offered.contains(name)) {
        return Ok(());
    }
    Err(unsupported(&allowed.join(" "), &offered))
}

fn offers_client_authentication(
    connection: &Connection,
    metadata: &Object<'_>,
) -> Result<(), ProviderError> {
    const NAME: &str = "token_endpoint_auth_methods_supported";
    // OpenID Connect Core 1.0 section 9: `client_secret_basic` when nothing is said.
    let (wanted, absent_is_fine) = match connection.policy.client_auth {
        ClientAuth::ClientSecretBasic => ("client_secret_basic", true),
        ClientAuth::ClientSecretPost => ("client_secret_post", false),
        ClientAuth::PrivateKeyJwt => ("private_key_jwt", false),
    };
    offers(metadata, NAME, wanted, absent_is_fine)
}

/// A warning at most: a provider need not list what it grants (OpenID Connect Discovery 1.0
/// section 3).
fn scopes(connection: &Connection, metadata: &Object<'_>) -> Finding {
    let error = match metadata.optional_strings("scopes_supported") {
        Err(error) => in_metadata(error),
        Ok(None) => return pass(Check::Scopes),
        Ok(Some(offered)) => {
            if connection
                .scopes
                .iter()
                .all(|scope| offered.contains(&scope.as_str()))
            {
                return pass(Check::Scopes);
            }
            unsupported(&connection.scopes.join(" "), &offered)
        }
    };
    Finding {
        outcome: Outcome::Warn,
        ..failed(Check::Scopes, error)
    }
}

fn keys(host: &mut impl Capabilities, connection: &Connection, metadata: &Object<'_>) -> Finding {
    // What is wrong with the address was told by the endpoints' check; nothing is sent there.
    let address = metadata.string("jwks_uri").ok();
    let Some(url) = address.filter(|url| check_host(connection, url).is_ok()) else {
        return skipped(Check::Keys);
    };
    let request = Request {
        endpoint: Endpoint::Keys,
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![answer::accept_json()],
        body: Vec::new(),
        authorization: Authorization::None,
    };
    let result = get(host, &request).and_then(|response| {
        let keys = KeySet::parse(&response.body)?;
        if keys.serves(&connection.policy.algorithms) {
            return Ok(keys.names().take(NAMES).map(shown).collect::<Vec<_>>());
        }
        Err(ProviderError::fault(Endpoint::Keys, Fault::NoUsableKey))
    });
    match result {
        Ok(names) => Finding {
            found: Some(names.join(" ")).filter(|names| !names.is_empty()),
            ..pass(Check::Keys)
        },
        Err(error) => failed(Check::Keys, error),
    }
}

/// Compares the answer's `Date` with the clock: a warning above half of the tolerance, a failure
/// above it.
fn clock(connection: &Connection, response: &Response, now: u64) -> Finding {
    let Some(date) = answer::header(response, "date").and_then(seconds_of) else {
        // RFC 9110 section 6.6.1: a server without a clock sends none.
        return skipped(Check::Clock);
    };
    let difference = date.abs_diff(now);
    let tolerance = u64::from(connection.policy.clock_tolerance);
    // The date has whole seconds, and the answer took its time.
    let outcome = if difference <= 2.max(tolerance / 2) {
        Outcome::Pass
    } else if difference <= tolerance {
        Outcome::Warn
    } else {
        Outcome::Fail
    };
    Finding {
        check: Check::Clock,
        outcome,
        reason: (outcome != Outcome::Pass).then(|| Code::Check(Check::Clock).to_string()),
        expected: Some(format!("at most {tolerance} seconds")),
        found: Some(format!("{difference} seconds")),
    }
}

/// Seconds since 1970 of an `IMF-fixdate` (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37
/// GMT`.
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = date.split_once(", ")?;
    let mut parts = date.strip_suffix(" GMT")?.split(' ');
    let day: u64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = 1 + u64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?;
    let year: u64 = parts.next()?.parse().ok()?;
    let mut time = parts
        .next()?
        .split(':')
        .map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let sound = parts.next().is_none()
        && time.next().is_none()
        && (1970..=9999).contains(&year)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !sound {
        return None;
    }
    // Days since 1970 of the civil calendar, years counted from March so that the leap day comes
    // last.
    let march = if month > 2 { 0 } else { 1 };
    let shifted = year - march;
    let day_of_year = (153 * (month + 12 * march - 3) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests;
