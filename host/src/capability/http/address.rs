//! Which addresses may be dialled.
//!
//! Names are judged by what they resolve to, never by how they look: every answer of the resolver passes
//! through [`Reach::permits`] before a packet is sent.
//!
//! What is NOT known here: a private network that is routed under public addresses, and NAT64 prefixes that
//! an operator chose out of its own global space (RFC 6052 section 2.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// Addresses of the public internet.
    Public,
    /// This machine alone: where plain http may go, in development.
    Loopback,
    /// Either: https in development.
    PublicOrLoopback,
}

impl Reach {
    /// Whether `address` may be dialled.
    pub(super) fn permits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Loopback => address.is_loopback(),
            Self::PublicOrLoopback => is_public(address) || address.is_loopback(),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|block| block.holds(address)),
        // Of IPv6 only what has been given out as global unicast, so that the forms which carry an IPv4
        // address (mapped, compatible, NAT64) and whatever is defined later stay shut.
        IpAddr::V6(address) => {
            GLOBAL_UNICAST.holds(address) && !NOT_PUBLIC_V6.iter().any(|block| block.holds(address))
        }
    }
}

/// An IPv4 prefix.
struct Block4(Ipv4Addr, u32);

impl Block4 {
    fn holds(&self, address: Ipv4Addr) -> bool {
        (self.0.to_bits() ^ address.to_bits()).leading_zeros() >= self.1
    }
}

/// An IPv6 prefix.
struct Block6(Ipv6Addr, u32);

impl Block6 {
    fn holds(&self, address: Ipv6Addr) -> bool {
        (self.0.to_bits() ^ address.to_bits()).leading_zeros() >= self.1
    }
}

/// Spec: IANA IPv4 Special-Purpose Address Registry; RFC 5771 (multicast); RFC 1112 section 4 (reserved).
const NOT_PUBLIC_V4: [Block4; 18] = [
    Block4(Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    Block4(Ipv4Addr::new(10, 0, 0, 0), 8),      // private use
    Block4(Ipv4Addr::new(100, 64, 0, 0), 10),   // carrier-grade NAT
    Block4(Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    Block4(Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, cloud metadata
    Block4(Ipv4Addr::new(172, 16, 0, 0), 12),   // private use
    Block4(Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    Block4(Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    Block4(Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    Block4(Ipv4Addr::new(192, 52, 193, 0), 24), // AMT
    Block4(Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relay
    Block4(Ipv4Addr::new(192, 168, 0, 0), 16),  // private use
    Block4(Ipv4Addr::new(192, 175, 48, 0), 24), // AS112
    Block4(Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    Block4(Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    Block4(Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    Block4(Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    Block4(Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

const GLOBAL_UNICAST: Block6 = Block6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Within global unicast. Spec: IANA IPv6 Special-Purpose Address Registry.
const NOT_PUBLIC_V6: [Block6; 5] = [
    Block6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols: Teredo, benchmarks, ORCHID
    Block6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    Block6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: carries any IPv4 address
    Block6(Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    Block6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    /// Both ends of each refused block, each with its nearest public neighbour where there is one.
    #[test]
    fn public_reach_stops_at_the_edges_of_every_special_block() {
        let refused_then_neighbour = [
            ("0.0.0.0", None),
            ("0.255.255.255", Some("1.0.0.0")),
            ("10.0.0.0", Some("9.255.255.255")),
            ("10.255.255.255", Some("11.0.0.0")),
            ("100.64.0.0", Some("100.63.255.255")),
            ("100.127.255.255", Some("100.128.0.0")),
            ("127.0.0.0", Some("126.255.255.255")),
            ("127.0.0.1", None),
            ("127.255.255.255", Some("128.0.0.0")),
            ("169.254.0.0", Some("169.253.255.255")),
            ("169.254.169.254", None),
            ("169.254.255.255", Some("169.255.0.0")),
            ("172.16.0.0", Some("172.15.255.255")),
            ("172.31.255.255", Some("172.32.0.0")),
            ("192.0.0.0", Some("191.255.255.255")),
            ("192.0.0.255", Some("192.0.1.0")),
            ("192.0.2.0", Some("192.0.1.255")),
            ("192.0.2.255", Some("192.0.3.0")),
            ("192.31.196.1", Some("192.31.197.0")),
            ("192.52.193.1", Some("192.52.194.0")),
            ("192.88.99.1", Some("192.88.100.0")),
            ("192.168.0.0", Some("192.167.255.255")),
            ("192.168.255.255", Some("192.169.0.0")),
            ("192.175.48.1", Some("192.175.49.0")),
            ("198.18.0.0", Some("198.17.255.255")),
            ("198.19.255.255", Some("198.20.0.0")),
            ("198.51.100.7", Some("198.51.101.0")),
            ("203.0.113.7", Some("203.0.114.0")),
            ("224.0.0.0", Some("223.255.255.255")),
            ("239.255.255.255", None),
            ("240.0.0.0", None),
            ("255.255.255.255", None),
            ("::", None),
            ("::1", None),
            ("::127.0.0.1", None),
            ("::8.8.8.8", None),
            ("::ffff:127.0.0.1", None),
            ("::ffff:169.254.169.254", None),
            ("::ffff:8.8.8.8", None),
            ("64:ff9b::7f00:1", None),
            ("64:ff9b::808:808", None),
            ("64:ff9b:1::a00:1", None),
            ("100::1", None),
            ("1fff:ffff::1", Some("2000::1")),
            ("2001::1", None),
            ("2001:0:7f00:1::", None),
            ("2001:2::1", None),
            ("2001:10::1", None),
            ("2001:20::1", None),
            ("2001:1ff:ffff:ffff::1", Some("2001:200::1")),
            ("2001:db8::1", Some("2001:db9::1")),
            ("2002:7f00:1::", None),
            ("2002:808:808::1", Some("2003::1")),
            ("2620:4f:8000::1", Some("2620:4f:8001::1")),
            ("3fff::1", None),
            ("3fff:fff:ffff::1", Some("3fff:1000::1")),
            ("4000::1", Some("3ffe::1")),
            ("5f00::1", None),
            ("fc00::1", None),
            ("fdff::1", None),
            ("fe80::1", None),
            ("fec0::1", None),
            ("ff02::1", None),
        ];
        for (refused, neighbour) in refused_then_neighbour {
            assert!(!Reach::Public.permits(address(refused)), "{refused}");
            if let Some(public) = neighbour {
                assert!(Reach::Public.permits(address(public)), "{public}");
            }
        }
        for public in [
            "8.8.8.8",
            "93.184.216.34",
            "2606:4700:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(Reach::Public.permits(address(public)), "{public}");
        }
    }

    #[test]
    fn loopback_reach_is_loopback_and_nothing_else() {
        for loopback in ["127.0.0.1", "127.255.255.255", "::1"] {
            assert!(Reach::Loopback.permits(address(loopback)), "{loopback}");
            assert!(
                Reach::PublicOrLoopback.permits(address(loopback)),
                "{loopback}"
            );
        }
        for other in ["8.8.8.8", "2606:4700::1"] {
            assert!(!Reach::Loopback.permits(address(other)), "{other}");
            assert!(Reach::PublicOrLoopback.permits(address(other)), "{other}");
        }
        for never in [
            "0.0.0.0",
            "::",
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:127.0.0.1",
            "fe80::1",
        ] {
            assert!(!Reach::Loopback.permits(address(never)), "{never}");
            assert!(!Reach::PublicOrLoopback.permits(address(never)), "{never}");
        }
    }
}
