//! Which address a request comes from: the peer's, or what trusted proxies say of it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::ledgerline::Ledgerline;

/// The address that limits are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Of a peer, whatever stands behind it.
    pub(crate) fn of(peer: IpAddr) -> Self {
        Self(peer.to_canonical())
    }

    /// Whether it lies in one of these networks.
    pub(crate) fn is_in(self, networks: &[IpNet]) -> bool {
        networks.iter().any(|network| network.contains(&self.0))
    }

    /// A key for counting: an IPv6 customer has a whole /64, and counts once.
    pub(crate) fn key(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let bits = u128::from(address) >> 64 << 64;
                format!("{}/64", Ipv6Addr::from(bits))
            }
        }
    }
}

impl<S> FromRequestParts<S> for ClientAddress
where
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let ledgerline = Arc::<Ledgerline>::from_ref(state);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        // Without a peer there is one bucket for all: strict rather than open.
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(client(
            Self::of(peer),
            &parts.headers,
            &ledgerline.trusted_proxies,
        ))
    }
}

/// Walks `X-Forwarded-For` from the right for as long as the address before is a trusted proxy's: what stands
/// further left is the client's own text.
fn client(peer: ClientAddress, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let mut client = peer;
    let lines: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !client.is_in(trusted) {
            break;
        }
        let Some(address) = read(hop.trim()) else {
            break;
        };
        client = ClientAddress::of(address);
    }
    client
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address such as 10.0.0.1, or a network such as 10.0.0.0/8")]
pub(crate) struct NetworkError;

/// Addresses of proxies: `10.0.0.0/8`, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, NetworkError> {
    let one = |text: &str| text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| one(text))
        .map_err(|_| NetworkError)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        let trusted: Vec<_> = trusted.iter().map(|one| network(one).unwrap()).collect();
        let peer = ClientAddress::of(peer.parse().unwrap());
        client(peer, &headers, &trusted).0.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let lines = ["203.0.113.9, 198.51.100.7", "10.0.0.2"];
        assert_eq!(seen("10.0.0.1", &lines, &[]), "10.0.0.1");
        assert_eq!(seen("192.0.2.1", &lines, &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &lines, &["10.0.0.1"]), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", &lines, &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_is_not_walked_past() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.9, evil"], &trusted),
            "10.0.0.1"
        );
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.9:4711"], &trusted),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.0.0.1", &["[2001:db8::1]:4711"], &trusted),
            "2001:db8::1"
        );
        assert_eq!(
            seen("::ffff:10.0.0.1", &["203.0.113.9"], &trusted),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &trusted),
            "10.0.0.3"
        );
    }

    #[test]
    fn networks_are_compared_by_their_bits() {
        let within = |text: &str, address: &str| {
            let address: IpAddr = address.parse().unwrap();
            network(text).unwrap().contains(&address)
        };
        assert!(within("10.0.0.0/8", "10.255.255.255"));
        assert!(!within("10.0.0.0/8", "11.0.0.0"));
        assert!(within("0.0.0.0/0", "203.0.113.9"));
        assert!(!within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!within("2001:db8::/32", "2001:db9::1"));
        assert!(within("::/0", "2001:db9::1"));
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "::1/129",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(network(text), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn an_ipv6_network_counts_once() {
        let key = |text: &str| ClientAddress(text.parse().unwrap()).key();
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("203.0.113.9"), "203.0.113.9");
    }
}
