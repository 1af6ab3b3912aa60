'use strict';

const { nats } = require('./lib/backplane/adapters/nats.js');

module.exports = nats;
module.exports.nats = nats;
