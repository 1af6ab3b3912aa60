'use strict';

const { testBackplane } = require('./lib/backplane/conformance.js');

module.exports = { testBackplane };
