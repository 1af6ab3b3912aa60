'use strict';

module.exports = require('./lib/ws/index.js');
