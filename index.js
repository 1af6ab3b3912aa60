'use strict';

const { Base } = require('./lib/base.js');
const { Client } = require('./lib/client.js');
const { Frame } = require('./lib/frame.js');
const { acceptKey } = require('./lib/handshake.js');
const { Server } = require('./lib/server.js');
const { Upgrade } = require('./lib/upgrade.js');

module.exports = { Base, Client, Frame, Server, Upgrade, acceptKey };
