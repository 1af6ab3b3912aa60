'use strict';

const { Exchange } = require('../backplane/exchange.js');
const { reportError } = require('./base-sink.js');
const { deliver } = require('./publish.js');
const { invalidType } = require('../util/errors.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/** What is the backplane of a `Base`. @type {WeakSet<import('../../index').Backplane>} */
const used = new WeakSet();

/**
 * Has the topics of a `Base` reach those of other processes.
 *
 * @param {import('node:events').EventEmitter} base
 * @param {Group} group
 * @param {import('../../index').Backplane} backplane
 * @returns {Exchange}
 * @throws {TypeError} if it is that of another `Base`
 */
function exchangeBy(base, group, backplane) {
  if (used.has(backplane)) {
    throw invalidType('The "backplane" option', 'a backplane that no other Base has: make one for each', backplane);
  }
  used.add(backplane);
  const exchange = new Exchange(backplane, {
    deliver(topic, { opcode, data, how }) {
      deliver(group, topic, opcode, data, { ...how, local: true });
    },
    isHere: (sid) => group.views.get(sid) !== undefined,
    changed(state, error) {
      base.emit('backplane', state, error);
    },
    failed: (error) => reportError(base, error),
  });
  group.topics.follower = exchange;
  exchange.start();
  return exchange;
}

/** What `stats()` says of one that is not there. */
const NO_BACKPLANE = {
  backplanePublished: 0,
  backplaneRefused: 0,
  backplaneReceived: 0,
  backplaneLost: 0,
  backplaneDuplicates: 0,
  backplaneUp: 0,
};

module.exports = { NO_BACKPLANE, exchangeBy };
