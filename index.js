'use strict';

const { Base } = require('./lib/base/base.js');
const { Client } = require('./lib/client/client.js');
const { Frame } = require('./lib/extensions/frame.js');
const { acceptKey } = require('./lib/handshake/accept-key.js');
const { createSecureContext } = require('./lib/server/secure/contexts.js');
const { createSecureServer } = require('./lib/server/secure/secure-server.js');
const { createServer } = require('./lib/server/front/plain-server.js');
const { Server } = require('./lib/server/server.js');
const { Upgrade } = require('./lib/handshake/upgrade.js');
const { setLeader } = require('./lib/transport/socket/leader.js');

module.exports = {
  Base,
  Client,
  Frame,
  Server,
  Upgrade,
  acceptKey,
  createSecureContext,
  createSecureServer,
  createServer,
  setLeader,
};
