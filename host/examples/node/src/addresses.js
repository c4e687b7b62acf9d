// Which addresses may be dialled. Names are judged by what they resolve to, never by how they look.

import { BlockList, isIP } from 'node:net';

/** IANA IPv4 and IPv6 Special-Purpose Address Registries; multicast and reserved blocks. */
const SPECIAL = blocks(`
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
  203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
  2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20`);
/** Of IPv6 only this is given out, so that forms which carry an IPv4 address stay shut. */
const GLOBAL_UNICAST = blocks('2000::/3');
const LOOPBACK = blocks('127.0.0.0/8 ::1/128');

function blocks(text) {
  const list = new BlockList();
  for (const block of text.trim().split(/\s+/)) {
    const [address, bits] = block.split('/');
    list.addSubnet(address, Number(bits), family(address));
  }
  return list;
}

function family(address) {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

export function isPublicAddress(address) {
  if (SPECIAL.check(address, family(address))) return false;
  return family(address) === 'ipv4' || GLOBAL_UNICAST.check(address, 'ipv6');
}

export function isLoopbackAddress(address) {
  return isMapped(address) ? false : LOOPBACK.check(address, family(address));
}

/** A block list looks through `::ffff:127.0.0.1`; no connection needs that spelling. */
const isMapped = (address) => family(address) === 'ipv6' && /^::ffff:/i.test(address);

/** The address in a URL's host, or undefined for a name. */
export function literal(hostname) {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) ? bare : undefined;
}

/** Whether a URL's host is this machine by its spelling alone. */
export function isLoopback(hostname) {
  const address = literal(hostname);
  return address ? isLoopbackAddress(address) : hostname === 'localhost';
}
