'use strict';

const { Server } = require('./lib/engine-io/server.js');

module.exports = { Server };
