'use strict';

const { follow } = require('../base/follow.js');
const { closeLabel, Tally } = require('../util/tally.js');
const { now } = require('../util/clock.js');

/**
 * @typedef {import('@opentelemetry/api').Meter} Meter
 * @typedef {import('../../index').Base} Base
 */

/** In seconds: from a page that is left at once to a connection of a day. */
const BOUNDARIES = [0.1, 1, 10, 60, 300, 900, 3600, 14_400, 86_400];

/**
 * Measures how long connections last and how they end, and counts errors.
 *
 * @param {Meter} meter
 * @param {Record<string, Base>} bases
 * @returns {() => void} stops it
 */
function followConnections(meter, bases) {
  const durations = meter.createHistogram('websockets.connection.duration', {
    unit: 's',
    description: 'How long connections were open, by the status code of their end.',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  const errorCount = meter.createCounter('websockets.errors', {
    unit: '{error}',
    description: 'Errors of peers, of extensions and of handshakes.',
  });
  const codes = new Tally('_OTHER'); // as the semantic conventions call it
  /** When connections were opened. @type {WeakMap<object, number>} */
  const openedAt = new WeakMap();
  const names = new Map(Object.entries(bases).map(([name, base]) => [/** @type {object} */ (base), name]));
  return follow(names, {
    opened: (_name, { connection }) => openedAt.set(connection, now()),
    closed: (name, { connection, code }) => {
      const since = openedAt.get(connection);
      if (since === undefined) return;
      const attributes = { 'websockets.base': name, 'websockets.close.code': closeLabel(code) };
      durations.record((now() - since) / 1000, attributes);
    },
    failed: (name, { error }) => {
      errorCount.add(1, { 'websockets.base': name, 'error.type': codes.count(String(error.code ?? error.name)) });
    },
  });
}

module.exports = { followConnections };
