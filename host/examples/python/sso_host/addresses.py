"""Which addresses may be dialled. Names are judged by what they resolve to, never by how they look."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# IANA IPv4 and IPv6 Special-Purpose Address Registries; multicast and reserved blocks.
SPECIAL = [
    ip_network(block)
    for block in """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    """.split()
]
# Of IPv6 only this is given out, so that forms which carry an IPv4 address stay shut.
GLOBAL_UNICAST = ip_network("2000::/3")


def is_public_address(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    if any(parsed in block for block in SPECIAL):
        return False
    return parsed.version == 4 or parsed in GLOBAL_UNICAST


def is_loopback_address(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    return parsed in ip_network("127.0.0.0/8") if parsed.version == 4 else parsed == IPv6Address("::1")


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a URL's host spells, or None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine by its spelling alone."""
    return is_loopback_address(host) if literal(host) else host == "localhost"
