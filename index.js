'use strict';

const { Base } = require('./lib/base.js');
const { Frame } = require('./lib/frame.js');
const { acceptKey } = require('./lib/handshake.js');

module.exports = { Base, Frame, acceptKey };
