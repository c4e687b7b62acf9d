//! A provider that says "too many requests" is left alone for as long as it asks.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::HttpResponse;
use crate::contract::Endpoint;

/// Without a word of the provider, and at least; in seconds.
const LEAST: u64 = 1;
/// Whatever the provider says: a login that waits longer is begun again.
const MOST: u64 = 60;
const ENTRIES: usize = 10_000;

/// Until when each connection's endpoints are not to be asked. Okta: each endpoint counts for itself.
#[derive(Default)]
pub(super) struct Holds(Mutex<HashMap<Place, Instant>>);

type Place = (String, Discriminant<Endpoint>);

impl Holds {
    /// The answer that stands in for the provider's while it is to be left alone.
    pub(super) fn answer(
        &self,
        connection_id: &str,
        endpoint: Endpoint,
        now: Instant,
    ) -> Option<HttpResponse> {
        let place = (connection_id.to_owned(), discriminant(&endpoint));
        let mut holds = self.open();
        let until = *holds.get(&place)?;
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            holds.remove(&place);
            return None;
        }
        let seconds = left.as_millis().div_ceil(1_000);
        Some(HttpResponse {
            status: 429,
            headers: vec![("retry-after".to_owned(), seconds.to_string())],
            body: vec![],
        })
    }

    /// Takes note of an answer.
    pub(super) fn note(
        &self,
        connection_id: &str,
        endpoint: Endpoint,
        answer: &HttpResponse,
        now: Instant,
    ) {
        if answer.status != 429 {
            return;
        }
        let until = now + Duration::from_secs(wait(answer));
        let mut holds = self.open();
        if holds.len() >= ENTRIES {
            holds.retain(|_, until| *until > now);
        }
        holds.insert((connection_id.to_owned(), discriminant(&endpoint)), until);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Place, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds that the provider asks for: `Retry-After` (RFC 9110 section 10.2.3), else Okta's `X-Rate-Limit-Reset`
/// (Unix seconds), read by the provider's own clock where it tells the time.
fn wait(answer: &HttpResponse) -> u64 {
    let header = |wanted: &str| {
        let mut headers = answer.headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let now = header("date")
        .and_then(date)
        .unwrap_or_else(SystemTime::now);
    let until = |then: SystemTime| then.duration_since(now).ok().map(|left| left.as_secs());
    let retry_after = header("retry-after").and_then(|value| match value.parse() {
        Ok(seconds) => Some(seconds),
        Err(_) => date(value).and_then(until),
    });
    let reset = || {
        let seconds = header("x-rate-limit-reset")?.parse().ok()?;
        until(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?)
    };
    retry_after
        .or_else(reset)
        .unwrap_or(LEAST)
        .clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(headers: &[(&str, &str)]) -> HttpResponse {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        HttpResponse {
            status: 429,
            headers: headers.iter().map(owned).collect(),
            body: vec![],
        }
    }

    #[test]
    fn every_way_to_say_when() {
        let date = ("date", "Wed, 25 Nov 2026 10:00:00 GMT"); // 1_795_600_800
        for (headers, expected) in [
            (&[][..], 1),
            (&[("retry-after", "0")], 1),
            (&[("retry-after", "1")], 1),
            (&[("Retry-After", "7")], 7),
            (&[("retry-after", "3600")], 60),
            (&[("retry-after", "abc")], 1),
            (&[("retry-after", "-1")], 1),
            (&[("retry-after", "99999999999999999999999")], 1),
            (&[date, ("retry-after", "Wed, 25 Nov 2026 10:00:09 GMT")], 9),
            (&[date, ("retry-after", "Wed, 25 Nov 2026 09:00:00 GMT")], 1),
            (&[date, ("x-rate-limit-reset", "1795600842")], 42),
            (&[date, ("x-rate-limit-reset", "1795604400")], 60),
            (&[date, ("x-rate-limit-reset", "1")], 1),
            (&[date, ("x-rate-limit-reset", "18446744073709551615")], 1),
            (
                &[
                    ("retry-after", "5"),
                    date,
                    ("x-rate-limit-reset", "1795600842"),
                ],
                5,
            ),
        ] {
            assert_eq!(wait(&busy(headers)), expected, "F-06 {headers:?}");
        }
    }

    #[test]
    fn only_the_busy_endpoint_is_left_alone_and_only_so_long() {
        let (holds, now) = (Holds::default(), Instant::now());
        let said = busy(&[("retry-after", "3")]);
        holds.note("a", Endpoint::Token, &said, now);
        let answer = holds.answer("a", Endpoint::Token, now).unwrap();
        assert_eq!((answer.status, answer.headers[0].1.as_str()), (429, "3"));
        assert!(holds.answer("a", Endpoint::Keys, now).is_none());
        assert!(holds.answer("b", Endpoint::Token, now).is_none());
        let later = now + Duration::from_millis(2_500);
        let answer = holds.answer("a", Endpoint::Token, later).unwrap();
        assert_eq!(answer.headers[0].1, "1", "never less than what is left");
        let over = now + Duration::from_secs(3);
        assert!(holds.answer("a", Endpoint::Token, over).is_none());
        assert!(holds.open().is_empty());
    }
}
