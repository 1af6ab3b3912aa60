'use strict';

/**
 * Options by the names of other libraries (ws, websocket, engine.io, http) for what has another name here, and that
 * name. Who comes from there would otherwise find that nothing checks origins, for example, and nobody said so.
 */

const BOTH = {
  autoPing: 'the option "pingInterval"',
  heartbeat: 'the option "pingInterval"',
  idleTimeout: 'the option "timeout"',
  keepalive: 'the option "pingInterval"',
  keepaliveInterval: 'the option "pingInterval"',
  maxHttpBufferSize: 'the option "maxPayload"',
  maxMessageSize: 'the option "maxPayload"',
  maxReceivedFrameSize: 'the option "maxPayload"',
  maxReceivedMessageSize: 'the option "maxPayload"',
  subprotocol: 'the option "protocols"',
  subprotocols: 'the option "protocols"',
};

/** Of a `Server` and of `handleUpgradeRequest`. */
const OF_SERVERS = Object.freeze({
  ...BOTH,
  allowedOrigins: 'the option "origins"',
  allowRequest: 'the option "shouldAccept"',
  autoAcceptConnections: 'the option "shouldAccept"',
  backlog: 'server.listen({ port, backlog })',
  clientTracking: 'server.sockets, which always has all connections,',
  cors: 'the option "origins"',
  handleProtocols: 'the option "protocols"',
  host: 'server.listen(port, host)',
  httpServer: 'server.listen(httpServer)',
  noServer: 'Upgrade.handleUpgradeRequest',
  origin: 'the option "origins"',
  path: 'the option "url", such as \'ws://localhost/path\',',
  port: 'server.listen(port)',
  protocol: 'the option "protocols"',
  server: 'server.listen(httpServer)',
  verifyClient: 'the option "shouldAccept"',
});

/** Of a `Client` and of `createUpgradeRequest`. */
const OF_CLIENTS = Object.freeze({
  ...BOTH,
  followRedirects: 'the option "maxRedirects"',
  host: 'the url',
  hostname: 'the url',
  maxRetries: 'the option "reconnect.maxRetries"',
  origins: 'the option "origin"',
  path: 'the url',
  port: 'the url',
  protocol: 'the option "protocols"',
  reconnection: 'the option "reconnect"',
  reconnectInterval: 'the option "reconnect"',
});

module.exports = { OF_CLIENTS, OF_SERVERS };
