'use strict';

const { channel } = require('node:diagnostics_channel');

const { isTracing, trace } = require('../util/trace.js');

const opens = channel('websockets:open');
const closes = channel('websockets:close');
const errors = channel('websockets:error');
const messages = channel('websockets:message');

/** @typedef {import('./connection.js').Connection} Connection */

/**
 * A socket has become a connection.
 *
 * @param {object} base
 * @param {Connection} connection
 */
function opened(base, connection) {
  if (isTracing) {
    const { extensions, protocol, remoteAddress, sid, transport } = connection;
    const more = [extensions.length > 0 && `extensions ${extensions}`, protocol && `protocol ${protocol}`];
    const text = more
      .filter(Boolean)
      .map((one) => `, ${one}`)
      .join('');
    trace('%s open, %s transport, from %s%s', sid, transport, remoteAddress ?? 'a stream', text);
  }
  if (opens.hasSubscribers) {
    opens.publish({ base, sid: connection.sid, connection });
  }
}

/**
 * A connection is over.
 *
 * @param {object} base
 * @param {Connection} connection
 * @param {{ code: number, reason: string, wasClean: boolean }} how
 */
function closed(base, connection, how) {
  if (isTracing) {
    trace('%s close, %d %j%s', connection.sid, how.code, how.reason, how.wasClean ? '' : ', not clean');
  }
  if (closes.hasSubscribers) {
    closes.publish({ base, sid: connection.sid, connection, ...how });
  }
}

/**
 * An error is about to be emitted.
 *
 * @param {object} base
 * @param {Error & { code?: string, sid?: string }} error
 * @param {Connection} [connection] that it happened on
 */
function failed(base, error, connection) {
  if (isTracing) {
    trace('%s error, %s: %j', error.sid ?? 'no connection,', error.code, error.message);
  }
  if (errors.hasSubscribers) {
    errors.publish({ base, sid: error.sid, connection, error });
  }
}

/**
 * A message is about to be emitted. This is called for each, so it is as small as it can be.
 *
 * @param {object} base
 * @param {Connection} connection
 * @param {string | Buffer} data
 * @param {boolean} isBinary
 */
function received(base, connection, data, isBinary) {
  if (messages.hasSubscribers) publishMessage(base, connection, data, isBinary);
}

/**
 * @param {object} base
 * @param {Connection} connection
 * @param {string | Buffer} data
 * @param {boolean} isBinary
 */
function publishMessage(base, connection, data, isBinary) {
  messages.publish({ base, sid: connection.sid, connection, data, isBinary });
}

module.exports = { closed, failed, opened, received };
