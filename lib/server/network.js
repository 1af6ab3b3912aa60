'use strict';

const { isIPv6 } = require('node:net');

/** Groups of 16 bits of an IPv6 address, and how many of them say whose network it is: a site has at least a /64. */
const GROUPS = 8;
const OF_NETWORK = 4;

/** IPv6 addresses that begin with these end with an IPv4 address: RFC 4291 §2.5.5.2, and RFC 6052 §2.1 for NAT64. */
const BEFORE_IPV4 = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'];

/** Link-local addresses (RFC 4291 §2.5.6): those of all hosts of a link are in one network. */
const LINK_LOCAL = 0xfe80;
const LINK_LOCAL_MASK = 0xffc0;

/**
 * Which peer an address counts for. An IPv4 address is one peer. Of IPv6, a peer has a whole network, and may take
 * another address for each connection.
 *
 * @param {string} address an IP address; anything else counts for itself
 * @returns {string}
 */
function networkOf(address) {
  if (!isIPv6(address)) {
    return address;
  }
  const groups = groupsOf(address);
  const named = groups.map((group) => group.toString(16));
  if (BEFORE_IPV4.includes(named.slice(0, 6).join(':'))) {
    const [high, low] = groups.slice(6);
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  }
  const isLocal = (groups[0] & LINK_LOCAL_MASK) === LINK_LOCAL;
  return named.slice(0, isLocal ? GROUPS : OF_NETWORK).join(':');
}

/** The groups of an IPv6 address, its zone left out. @param {string} address @returns {number[]} */
function groupsOf(address) {
  const [bare] = address.split('%');
  const [head, tail] = bare.split('::').map(partOf);
  const left = new Array(GROUPS - head.length - (tail ?? []).length).fill(0);
  return tail === undefined ? head : [...head, ...left, ...tail];
}

/** The groups before or after the `::`. An IPv4 address may be the last of them. @param {string} part */
function partOf(part) {
  const groups = part === '' ? [] : part.split(':');
  return groups.flatMap((group) => {
    if (!group.includes('.')) {
      return Number.parseInt(group, 16);
    }
    const [a, b, c, d] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

module.exports = { networkOf };
