'use strict';

const { Base } = require('./lib/base/base.js');
const { Client } = require('./lib/client/client.js');
const { Frame } = require('./lib/extensions/frame.js');
const { acceptKey } = require('./lib/handshake/accept-key.js');
const { Server } = require('./lib/server/server.js');
const { Upgrade } = require('./lib/handshake/upgrade.js');

module.exports = { Base, Client, Frame, Server, Upgrade, acceptKey };
