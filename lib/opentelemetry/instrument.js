'use strict';

const { metrics, trace } = require('@opentelemetry/api');

const { version } = require('../../package.json');
const { checkNamedBases } = require('../base/named-bases.js');
const { object } = require('../options/check.js');
const { checkNames } = require('../options/names.js');
const { followConnections } = require('./connections.js');
const { traceHandshakes } = require('./handshakes.js');
const { observeStats } = require('./stats.js');

/** What the meter and the tracer are called: the instrumentation scope. */
const SCOPE = 'websockets';

/**
 * Reports metrics of some Bases, and a span for each opening handshake that the channels publish.
 *
 * @param {Record<string, import('../../index').Base>} bases each by its name
 * @param {import('../../opentelemetry').InstrumentOptions} [options]
 * @returns {() => void} stops it
 * @throws {TypeError} naming what is wrong
 */
function instrument(bases, options = {}) {
  checkNamedBases(bases);
  checkNames('instrument', object('The "options" argument', options), ['meterProvider', 'tracerProvider'], {});
  const { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() } = options;
  const meter = meterProvider.getMeter(SCOPE, version);
  const stops = [
    observeStats(meter, bases),
    followConnections(meter, bases),
    traceHandshakes(tracerProvider.getTracer(SCOPE, version)),
  ];
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}

module.exports = { instrument };
