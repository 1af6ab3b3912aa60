'use strict';

const { Base } = require('./lib/base.js');
const { acceptKey } = require('./lib/native.js');

module.exports = { Base, acceptKey };
