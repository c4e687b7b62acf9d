//! What every answer of the provider is checked for before its content is read.

use crate::contract::exports::sso::provider::login::Fault;
use crate::contract::sso::provider::http::{Header, Response};
use crate::contract::sso::provider::types::Endpoint;
use crate::error::ProviderError;
use crate::json::{JsonError, Object};

/// Seconds that metadata and keys stay fresh: at least, at most, and when the provider says nothing.
const FRESH: (u64, u64, u64) = (300, 86_400, 3_600);
/// Seconds between two fetches of a document that the provider asks not to keep.
const NOT_KEPT: u64 = 30;

/// The header that asks for JSON.
#[must_use]
pub fn accept_json() -> Header {
    Header {
        name: "accept".to_owned(),
        value: "application/json".to_owned(),
    }
}

/// The value of a header, when it was given once.
#[must_use]
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values = response
        .headers
        .iter()
        .filter(|header| header.name == name)
        .map(|header| header.value.as_str());
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// Refuses the statuses that say nothing about the request: 429 and the server's own faults.
///
/// # Errors
/// `Busy` and `Unavailable`.
pub fn check_available(
    endpoint: Endpoint,
    response: &Response,
    now: u64,
) -> Result<(), ProviderError> {
    match response.status {
        429 => Err(ProviderError::Busy(wait(response, now))),
        500..=599 => Err(ProviderError::Unavailable(endpoint)),
        _ => Ok(()),
    }
}

/// How long to wait, 1 to 60 seconds.
fn wait(response: &Response, now: u64) -> Option<u32> {
    let after = header(response, "retry-after").and_then(|value| value.parse::<u64>().ok());
    // Okta: the second at which the next minute of its rate limit begins.
    let reset = || {
        let reset = header(response, "x-rate-limit-reset")?
            .parse::<u64>()
            .ok()?;
        Some(reset.saturating_sub(now))
    };
    let seconds = after.or_else(reset)?.clamp(1, 60);
    u32::try_from(seconds).ok()
}

/// Requires this status.
///
/// # Errors
/// `status`, with both sides.
pub fn check_status(
    endpoint: Endpoint,
    response: &Response,
    expected: u16,
) -> Result<(), ProviderError> {
    if response.status == expected {
        return Ok(());
    }
    Err(ProviderError::compared(
        endpoint,
        Fault::Status,
        &expected.to_string(),
        &response.status.to_string(),
    ))
}

/// Reads a JSON object.
///
/// # Errors
/// `content-type`, `too-large` and `not-json`.
pub fn object(endpoint: Endpoint, response: &Response) -> Result<Object<'_>, ProviderError> {
    let content_type = header(response, "content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ProviderError::compared(
            endpoint,
            Fault::ContentType,
            "application/json",
            content_type,
        ));
    }
    Object::parse(&response.body).map_err(|error| {
        let fault = match error {
            JsonError::TooLarge => Fault::TooLarge,
            _ => Fault::NotJson,
        };
        ProviderError::fault(endpoint, fault)
    })
}

/// How many seconds an answer may be kept (RFC 9111 section 5.2.2), within our bounds.
#[must_use]
pub fn lifetime(response: &Response) -> u64 {
    let (least, most, unsaid) = FRESH;
    let Some(control) = header(response, "cache-control") else {
        return unsaid;
    };
    let mut age = unsaid;
    for directive in control.split(',') {
        let directive = directive.trim().to_ascii_lowercase();
        // Okta: sends `no-cache` when a rotation is near.
        if matches!(directive.as_str(), "no-cache" | "no-store") {
            return NOT_KEPT;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            age = seconds.parse().unwrap_or(0);
        }
    }
    let spent = header(response, "age").and_then(|value| value.parse().ok());
    age.saturating_sub(spent.unwrap_or(0)).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)]) -> Response {
        Response {
            status: 429,
            headers: headers
                .iter()
                .map(|(name, value)| Header {
                    name: (*name).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
            body: Vec::new(),
        }
    }

    #[test]
    fn lifetimes_stay_within_bounds() {
        for (control, expected) in [
            ("max-age=3832304, must-revalidate", 86_400),
            ("max-age=600", 600),
            ("max-age=1", 300),
            ("max-age=x", 300),
            ("no-cache, max-age=600", 30),
            ("private", 3_600),
        ] {
            assert_eq!(
                lifetime(&response(&[("cache-control", control)])),
                expected,
                "{control}"
            );
        }
        assert_eq!(lifetime(&response(&[])), 3_600);
        let aged = response(&[("cache-control", "max-age=900"), ("age", "300")]);
        assert_eq!(lifetime(&aged), 600);
    }

    #[test]
    fn waits_are_one_to_sixty_seconds() {
        for (name, value, expected) in [
            ("retry-after", "1", Some(1)),
            ("retry-after", "3600", Some(60)),
            ("retry-after", "abc", None),
            ("retry-after", "-1", None),
            ("x-rate-limit-reset", "1030", Some(30)),
            ("x-rate-limit-reset", "10", Some(1)),
        ] {
            assert_eq!(
                check_available(Endpoint::Token, &response(&[(name, value)]), 1_000),
                Err(ProviderError::Busy(expected)),
                "F-06: {name}: {value}"
            );
        }
    }
}
