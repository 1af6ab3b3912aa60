'use strict';

const { Server } = require('./lib/engine-io.js');

module.exports = { Server };
