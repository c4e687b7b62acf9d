//! The origin of a URL, read without normalising anything.

use crate::contract::sso::provider::types::{Connection, Network};

/// Scheme and authority as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Whether the scheme is https; http is the only other one.
    pub https: bool,
    /// `host` or `host:port`.
    pub authority: &'a str,
}

impl<'a> Origin<'a> {
    /// Reads an absolute URL of printable ASCII, lower-case in scheme and authority, without user information,
    /// fragment and backslash; none for any other text.
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        let plain = url.bytes().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>')
        });
        if !plain {
            return None;
        }
        let (https, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = rest.get(..end)?;
        let sound = !authority.is_empty()
            && authority.bytes().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
            });
        sound.then_some(Self { https, authority })
    }

    /// Whether the network policy admits this origin: https, or in development plain http to a loopback name.
    #[must_use]
    pub fn is_allowed(self, network: Network) -> bool {
        match network {
            Network::Public => self.https,
            Network::DangerLoopback => self.https || self.is_loopback(),
        }
    }

    fn is_loopback(self) -> bool {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => self.authority,
        };
        matches!(host, "127.0.0.1" | "localhost" | "[::1]")
    }

    /// Whether an endpoint of this origin belongs to the connection.
    #[must_use]
    pub fn is_of(self, connection: &Connection) -> bool {
        self.is_allowed(connection.policy.network)
            && connection.hosts.iter().any(|host| host == self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_written() {
        let origin = Origin::parse("https://acme.okta.com:8443/oauth2?x").unwrap();
        assert_eq!(
            (origin.https, origin.authority),
            (true, "acme.okta.com:8443")
        );
        for refused in [
            "https://u@acme.okta.com/",
            "https://acme.okta.com/#x",
            "https://acme.okta.com\\@evil",
            "https://ACME.okta.com/",
            "file:///etc/passwd",
            "https://",
            "https://a b/",
            "//acme.okta.com",
        ] {
            assert_eq!(Origin::parse(refused), None, "BI-068: {refused}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_in_development() {
        let http = |url| {
            Origin::parse(url)
                .unwrap()
                .is_allowed(Network::DangerLoopback)
        };
        assert!(http("http://127.0.0.1:8081/x"));
        assert!(!http("http://127.0.0.2/x"));
        assert!(!http("http://acme.okta.com/x"));
        assert!(
            !Origin::parse("http://127.0.0.1/")
                .unwrap()
                .is_allowed(Network::Public)
        );
    }
}
