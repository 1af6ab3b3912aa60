'use strict';

const { monitor } = require('./lib/monitor/monitor.js');

module.exports = { monitor };
