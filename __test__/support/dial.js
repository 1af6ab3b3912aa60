'use strict';

const net = require('node:net');
const tls = require('node:tls');

/**
 * Connects to a server, over TLS where there is a certificate to check it by.
 *
 * @param {net.NetConnectOpts & { ca?: string, servername?: string }} where as `TestServer` has it in `at`
 * @param {object} [options]
 * @param {boolean} [options.halfOpen] our side is not ended when the peer has ended its own
 * @returns {net.Socket} its `wire` is what goes over the network: itself, or what TLS goes over
 */
function dial(where, { halfOpen = false } = {}) {
  const wire = net.connect({ ...where, allowHalfOpen: halfOpen });
  if (where.ca === undefined) return Object.assign(wire, { wire });
  const { ca, servername } = where;
  const socket = tls.connect({ ca, servername, socket: wire, allowHalfOpen: halfOpen });
  // Node's refuses to reset TLS.
  return Object.assign(socket, { wire, resetAndDestroy: () => wire.resetAndDestroy() });
}

module.exports = { dial };
