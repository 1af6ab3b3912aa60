'use strict';

const { Base } = require('./lib/base.js');
const { acceptKey } = require('./lib/handshake.js');

module.exports = { Base, acceptKey };
