//! `config.probe`: asks the provider, changes nothing, and says what it found, check by check.
//!
//! It reads the metadata anew and never from the cache, and goes on after a failure as far as there
//! is something left to look at. Client ID and secret cannot be proved this way.

use crate::capability::Capabilities;
use crate::contract::exports::sso::provider::login::{Fault, LoginError, Misbehaviour};
use crate::contract::sso::provider::http::{Authorization, Header, Method, Request, Response};
use crate::contract::sso::provider::types::{
    Algorithm, Check, ClientAuth, Connection, Endpoint, Finding, Network, Outcome,
};
use crate::json::{Json, Object};
use crate::messages::Code;

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

/// Characters of the provider's text that are shown.
const SHOWN: usize = 128;

/// One finding for each check from `metadata` to `clock`, in that order.
#[must_use]
pub fn probe(host: &mut impl Capabilities, connection: &Connection) -> Vec<Finding> {
    let issuer = connection
        .issuer
        .strip_suffix('/')
        .unwrap_or(&connection.issuer);
    let url = format!("{issuer}/.well-known/openid-configuration");
    let answer = get(host, Endpoint::Metadata, url);
    let now = host.now();
    let response = match answer {
        Ok(response) => response,
        Err(failure) => return after(vec![failure.into_finding(Check::Metadata)]),
    };
    let metadata = match document(Endpoint::Metadata, &response) {
        Ok(metadata) => metadata,
        Err(failure) => return after(vec![failure.into_finding(Check::Metadata)]),
    };
    // Another issuer's metadata says nothing about this one.
    if let Err(failure) = issuer_is_equal(connection, &metadata) {
        return after(vec![
            pass(Check::Metadata),
            failure.into_finding(Check::Issuer),
        ]);
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
    findings.push(clock(connection, &response, now));
    findings
}

/// Why a check is not a pass, with both sides where showing them is safe.
struct Failure {
    reason: LoginError,
    expected: Option<String>,
    found: Option<String>,
}

impl Failure {
    fn unavailable(endpoint: Endpoint) -> Self {
        Self {
            reason: LoginError::ProviderUnavailable(endpoint),
            expected: None,
            found: None,
        }
    }

    fn fault(endpoint: Endpoint, fault: Fault) -> Self {
        let misbehaviour = Misbehaviour {
            endpoint,
            fault,
            expected: None,
            found: None,
        };
        Self {
            reason: LoginError::ProviderMisbehaved(misbehaviour),
            expected: None,
            found: None,
        }
    }

    fn compared(endpoint: Endpoint, fault: Fault, expected: &str, found: &str) -> Self {
        let (expected, found) = (Some(shown(expected)), Some(shown(found)));
        Self {
            expected,
            found,
            ..Self::fault(endpoint, fault)
        }
    }

    fn into_finding(self, check: Check) -> Finding {
        Finding {
            check,
            outcome: Outcome::Fail,
            reason: Some(Code::Login(self.reason).to_string()),
            expected: self.expected,
            found: self.found,
        }
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

fn of(check: Check, result: Result<(), Failure>) -> Finding {
    result.map_or_else(|failure| failure.into_finding(check), |()| pass(check))
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

/// The text cut to a length that fits a page, without what could move or hide the rest of it.
fn shown(text: &str) -> String {
    text.chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn get(host: &mut impl Capabilities, endpoint: Endpoint, url: String) -> Result<Response, Failure> {
    use crate::contract::sso::provider::http::Error;
    let request = Request {
        endpoint,
        method: Method::Get,
        url,
        headers: vec![Header {
            name: "accept".to_owned(),
            value: "application/json".to_owned(),
        }],
        body: Vec::new(),
        authorization: Authorization::None,
    };
    let response = host.send(&request).map_err(|error| match error {
        // Blocked and unreachable read the same, so that nobody maps a private network by asking.
        Error::Denied | Error::Unreachable | Error::Timeout | Error::BudgetExhausted => {
            Failure::unavailable(endpoint)
        }
        Error::TooLarge => Failure::fault(endpoint, Fault::TooLarge),
    })?;
    match response.status {
        200 => Ok(response),
        429 => Err(Failure {
            reason: LoginError::ProviderBusy(None),
            expected: None,
            found: None,
        }),
        500..=599 => Err(Failure::unavailable(endpoint)),
        status => Err(Failure::compared(
            endpoint,
            Fault::Status,
            "200",
            &status.to_string(),
        )),
    }
}

fn document(endpoint: Endpoint, response: &Response) -> Result<Object<'_>, Failure> {
    let given = header(response, "content-type").unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    // RFC 7517 section 8.5.2 has a type of its own for key sets.
    let key_set =
        endpoint == Endpoint::Keys && media_type.eq_ignore_ascii_case("application/jwk-set+json");
    if !key_set && !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Failure::compared(
            endpoint,
            Fault::ContentType,
            "application/json",
            given,
        ));
    }
    Object::parse(&response.body).map_err(|_| Failure::fault(endpoint, Fault::NotJson))
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let mut named = response.headers.iter().filter(|header| header.name == name);
    match (named.next(), named.next()) {
        (Some(header), None) => Some(&header.value),
        _ => None,
    }
}

fn missing(name: &str) -> Failure {
    Failure {
        expected: Some(name.to_owned()),
        ..Failure::fault(Endpoint::Metadata, Fault::MissingMember)
    }
}

fn mistyped(name: &str) -> Failure {
    Failure {
        expected: Some(name.to_owned()),
        ..Failure::fault(Endpoint::Metadata, Fault::MistypedMember)
    }
}

/// OpenID Connect Discovery 1.0 section 4.3: identical, so compared byte for byte.
fn issuer_is_equal(connection: &Connection, metadata: &Object<'_>) -> Result<(), Failure> {
    let issuer = metadata
        .optional_string("issuer")
        .map_err(|_| mistyped("issuer"))?;
    match issuer {
        Some(issuer) if issuer == connection.issuer => Ok(()),
        Some(other) => Err(Failure::compared(
            Endpoint::Metadata,
            Fault::IssuerMismatch,
            &connection.issuer,
            other,
        )),
        None => Err(missing("issuer")),
    }
}

fn endpoints_are_on_host(connection: &Connection, metadata: &Object<'_>) -> Result<(), Failure> {
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
    ] {
        let url = metadata.optional_string(name).map_err(|_| mistyped(name))?;
        check_host(connection, url.ok_or_else(|| missing(name))?)?;
    }
    for name in [
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        if let Some(url) = metadata.optional_string(name).map_err(|_| mistyped(name))? {
            check_host(connection, url)?;
        }
    }
    Ok(())
}

fn check_host(connection: &Connection, url: &str) -> Result<(), Failure> {
    let https = url.strip_prefix("https://");
    // http is for the issuers of development, and for them the host allows it to loopback addresses
    // alone.
    let plain = (connection.policy.network == Network::DangerLoopback
        && connection.issuer.starts_with("http://"))
    .then(|| url.strip_prefix("http://"))
    .flatten();
    let rest = https.or(plain).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let readable = url
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#".contains(&byte));
    if readable && connection.hosts.iter().any(|host| host == authority) {
        return Ok(());
    }
    let expected = connection.hosts.join(" ");
    Err(Failure::compared(
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
) -> Result<(), Failure> {
    match metadata
        .optional_strings(name)
        .map_err(|_| mistyped(name))?
    {
        Some(offered) if offered.contains(&wanted) => Ok(()),
        Some(offered) => Err(unsupported(wanted, &offered)),
        None if absent_is_fine => Ok(()),
        None => Err(missing(name)),
    }
}

fn unsupported(wanted: &str, offered: &[&str]) -> Failure {
    Failure::compared(
        Endpoint::Metadata,
        Fault::Unsupported,
        wanted,
        &offered.join(" "),
    )
}

fn offers_an_algorithm(connection: &Connection, metadata: &Object<'_>) -> Result<(), Failure> {
    const NAME: &str = "id_token_signing_alg_values_supported";
    let offered = metadata
        .optional_strings(NAME)
        .map_err(|_| mistyped(NAME))?;
    let offered = offered.ok_or_else(|| missing(NAME))?;
    let allowed: Vec<&str> = connection
        .policy
        .algorithms
        .iter()
        .map(algorithm_name)
        .collect();
    if allowed.iter().any(|name| offered.contains(name)) {
        return Ok(());
    }
    Err(unsupported(&allowed.join(" "), &offered))
}

/// RFC 7518 section 3.1, RFC 8037 section 3.1.
const fn algorithm_name(algorithm: &Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "RS256",
        Algorithm::Rs384 => "RS384",
        Algorithm::Rs512 => "RS512",
        Algorithm::Ps256 => "PS256",
        Algorithm::Ps384 => "PS384",
        Algorithm::Ps512 => "PS512",
        Algorithm::Es256 => "ES256",
        Algorithm::Es384 => "ES384",
        Algorithm::Eddsa => "EdDSA",
    }
}

fn offers_client_authentication(
    connection: &Connection,
    metadata: &Object<'_>,
) -> Result<(), Failure> {
    const NAME: &str = "token_endpoint_auth_methods_supported";
    // OpenID Connect Core 1.0 section 9: `client_secret_basic` when nothing is said.
    let (wanted, absent_is_fine) = match connection.policy.client_auth {
        ClientAuth::ClientSecretBasic => ("client_secret_basic", true),
        ClientAuth::ClientSecretPost => ("client_secret_post", false),
        ClientAuth::PrivateKeyJwt => ("private_key_jwt", false),
    };
    offers(metadata, NAME, wanted, absent_is_fine)
}

/// A warning at most: a provider need not list what it grants (OpenID Connect Discovery 1.0 section
/// 3).
fn scopes(connection: &Connection, metadata: &Object<'_>) -> Finding {
    let offered = metadata.optional_strings("scopes_supported");
    let failure = match offered {
        Err(_) => mistyped("scopes_supported"),
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
        ..failure.into_finding(Check::Scopes)
    }
}

fn keys(host: &mut impl Capabilities, connection: &Connection, metadata: &Object<'_>) -> Finding {
    let Ok(url) = metadata.string("jwks_uri") else {
        return skipped(Check::Keys);
    };
    // The endpoints' check has told this; nothing is sent there.
    if check_host(connection, url).is_err() {
        return skipped(Check::Keys);
    }
    let result = get(host, Endpoint::Keys, url.to_owned()).and_then(|response| {
        let set = document(Endpoint::Keys, &response)?;
        let keys = set
            .optional_array("keys")
            .map_err(|_| Failure::fault(Endpoint::Keys, Fault::MistypedMember))?
            .ok_or_else(|| Failure::fault(Endpoint::Keys, Fault::MissingMember))?;
        let usable = |key: &Json<'_>| {
            key.as_object()
                .is_some_and(|key| is_usable(key, &connection.policy.algorithms))
        };
        if keys.iter().any(usable) {
            return Ok(());
        }
        Err(Failure::fault(Endpoint::Keys, Fault::NoUsableKey))
    });
    of(Check::Keys, result)
}

/// Whether the key is meant for one of the algorithms. Its strength is judged when it is used.
fn is_usable(key: &Object<'_>, algorithms: &[Algorithm]) -> bool {
    let text = |name| key.string(name).ok();
    let for_signatures = matches!(key.optional_string("use"), Ok(None | Some("sig")));
    for_signatures
        && algorithms.iter().any(|algorithm| {
            let (kind, members): (&str, &[&'static str]) = match algorithm {
                Algorithm::Es256 | Algorithm::Es384 => ("EC", &["crv", "x", "y"]),
                Algorithm::Eddsa => ("OKP", &["crv", "x"]),
                _ => ("RSA", &["n", "e"]),
            };
            let named = matches!(key.optional_string("alg"), Ok(None))
                || text("alg") == Some(algorithm_name(algorithm));
            named && text("kty") == Some(kind) && members.iter().all(|name| text(name).is_some())
        })
}

/// Compares the answer's `Date` with the clock: a warning above half of the tolerance, a failure
/// above it.
fn clock(connection: &Connection, response: &Response, now: u64) -> Finding {
    let Some(date) = header(response, "date").and_then(seconds_of) else {
        // RFC 9110 section 6.6.1: a server without a clock sends none.
        return skipped(Check::Clock);
    };
    let difference = date.abs_diff(now);
    let tolerance = u64::from(connection.policy.clock_tolerance);
    // The date has whole seconds, and the answer took its time.
    let outcome = if difference <= 2.max(tolerance / 2) {
        return pass(Check::Clock);
    } else if difference <= tolerance {
        Outcome::Warn
    } else {
        Outcome::Fail
    };
    Finding {
        check: Check::Clock,
        outcome,
        reason: Some(Code::Check(Check::Clock).to_string()),
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
