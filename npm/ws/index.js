'use strict';

module.exports = require('websockets/ws');
