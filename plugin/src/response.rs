//! What every answer of the provider is asked before its content is read.

use crate::contract::exports::sso::provider::login::{Fault, Misbehaviour};
use crate::contract::sso::provider::http::{Header, Response};
use crate::contract::sso::provider::types::Endpoint;
use crate::error::{ProviderError, shown};
use crate::json::{JsonError, Object};

/// Documents are used for at least so long, in seconds, unless the provider asks for none.
const MIN_FRESH: u64 = 300;
/// And for no longer, in seconds.
const MAX_FRESH: u64 = 86_400;
/// A provider that forbids caching is asked again after so many seconds: Okta does so near a rotation of its keys.
const MIN_INTERVAL: u64 = 30;
/// The longest wait that is passed on, in seconds.
const MAX_WAIT: u64 = 60;

/// The value of a header, by its name in lower case.
#[must_use]
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let is_it = |header: &&Header| header.name == name;
    response
        .headers
        .iter()
        .find(is_it)
        .map(|header| header.value.as_str())
}

/// The JSON object of an answer of status `expected`; any other status is the provider's fault.
pub fn json_of_status(
    endpoint: Endpoint,
    expected: u16,
    response: &Response,
    now: u64,
) -> Result<Object<'_>, ProviderError> {
    if response.status == expected {
        json(endpoint, response)
    } else {
        Err(refused(
            endpoint,
            response,
            now,
            &expected.to_string(),
            None,
        ))
    }
}

/// The JSON object of an answer, whatever its status.
pub fn json(endpoint: Endpoint, response: &Response) -> Result<Object<'_>, ProviderError> {
    let given = header(response, "content-type").unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ProviderError::compared(
            endpoint,
            Fault::ContentType,
            "application/json",
            media_type,
        ));
    }
    Object::parse(&response.body).map_err(|error| {
        ProviderError::fault(
            endpoint,
            match error {
                JsonError::TooLarge => Fault::TooLarge,
                JsonError::TooDeep | JsonError::DuplicateName | JsonError::Malformed => {
                    Fault::NotJson
                }
            },
        )
    })
}

/// What an unexpected status means. `error` is the provider's own word for it, where it is a known one.
#[must_use]
pub fn refused(
    endpoint: Endpoint,
    response: &Response,
    now: u64,
    expected: &str,
    error: Option<&str>,
) -> ProviderError {
    match response.status {
        429 => ProviderError::Busy(wait(response, now)),
        500..=599 => ProviderError::Unavailable(endpoint),
        status => {
            let found =
                error.map_or_else(|| status.to_string(), |error| format!("{status} {error}"));
            ProviderError::Misbehaved(Misbehaviour {
                endpoint,
                fault: Fault::Status,
                expected: Some(expected.to_owned()),
                found: Some(shown(&found)),
            })
        }
    }
}

/// Seconds to wait after a 429, 1 to 60: `Retry-After` in seconds (RFC 9110 section 10.2.3), or Okta's
/// `X-Rate-Limit-Reset`, a second of its clock.
fn wait(response: &Response, now: u64) -> Option<u32> {
    let number = |name| header(response, name).and_then(|value| value.trim().parse::<u64>().ok());
    let seconds = number("retry-after")
        .or_else(|| number("x-rate-limit-reset").map(|reset| reset.saturating_sub(now)))?;
    u32::try_from(seconds.clamp(1, MAX_WAIT)).ok()
}

/// How long a document may be used without asking again, in seconds (RFC 9111 section 5.2.2).
#[must_use]
pub fn freshness(response: &Response) -> u64 {
    let directives = header(response, "cache-control").unwrap_or_default();
    let mut seconds = 3_600;
    for directive in directives.split(',').map(str::trim) {
        if directive.eq_ignore_ascii_case("no-cache") || directive.eq_ignore_ascii_case("no-store")
        {
            return MIN_INTERVAL;
        }
        if let Some((name, value)) = directive.split_once('=')
            && name.eq_ignore_ascii_case("max-age")
            && let Ok(age) = value.trim_matches('"').parse::<u64>()
        {
            seconds = age;
        }
    }
    seconds.clamp(MIN_FRESH, MAX_FRESH)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A JSON answer.
    pub(crate) fn answer(status: u16, body: &str) -> Response {
        with_headers(status, body, &[("content-type", "application/json")])
    }

    /// An answer with these headers.
    pub(crate) fn with_headers(status: u16, body: &str, headers: &[(&str, &str)]) -> Response {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        Response {
            status,
            headers: headers.iter().map(header).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn only_json_is_read() {
        let types = [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
        ];
        for accepted in types {
            let response = with_headers(200, "{}", &[("content-type", accepted)]);
            assert!(json(Endpoint::Token, &response).is_ok(), "{accepted}");
        }
        for refused in [
            "text/html",
            "text/plain",
            "application/jwt",
            "application/jsonp",
            "",
        ] {
            let response = with_headers(200, "{}", &[("content-type", refused)]);
            assert_eq!(
                json(Endpoint::Token, &response).unwrap_err(),
                ProviderError::compared(
                    Endpoint::Token,
                    Fault::ContentType,
                    "application/json",
                    refused
                )
            );
        }
    }

    #[test]
    fn freshness_is_bounded() {
        for (value, seconds) in [
            ("max-age=3832304, must-revalidate", 86_400),
            ("max-age=301", 301),
            ("max-age=1", 300),
            ("max-age=many", 3_600),
            ("no-cache, no-store, max-age=600", 30),
        ] {
            let response = with_headers(200, "{}", &[("cache-control", value)]);
            assert_eq!(freshness(&response), seconds, "{value}");
        }
        assert_eq!(freshness(&answer(200, "{}")), 3_600);
    }

    #[test]
    fn waiting_is_bounded() {
        for (name, value, expected) in [
            ("retry-after", "1", Some(1)),
            ("retry-after", "3600", Some(60)),
            ("retry-after", "0", Some(1)),
            ("retry-after", "abc", None),
            ("retry-after", "-1", None),
            ("x-rate-limit-reset", "1030", Some(30)),
            ("x-rate-limit-reset", "900", Some(1)),
        ] {
            let response = with_headers(429, "", &[(name, value)]);
            assert_eq!(
                refused(Endpoint::Token, &response, 1_000, "200", None),
                ProviderError::Busy(expected),
                "F-06: {name}: {value}"
            );
        }
    }
}
