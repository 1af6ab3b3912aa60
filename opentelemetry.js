'use strict';

const { instrument } = require('./lib/opentelemetry/instrument.js');

module.exports = { instrument };
