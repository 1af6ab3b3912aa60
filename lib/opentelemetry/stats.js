'use strict';

/**
 * @typedef {import('@opentelemetry/api').Meter} Meter
 * @typedef {import('@opentelemetry/api').Attributes} Attributes
 * @typedef {import('../../index').Base} Base
 * @typedef {import('../../index').Stats} Stats
 */

/** The semantic conventions' attribute for which way data goes. */
const RECEIVE = { 'network.io.direction': 'receive' };
const TRANSMIT = { 'network.io.direction': 'transmit' };

/**
 * A metric of numbers that `stats()` has.
 *
 * @typedef {object} Metric
 * @property {'Counter' | 'UpDownCounter' | 'Gauge'} kind
 * @property {string} unit
 * @property {string} description
 * @property {[attributes: Attributes, value: (stats: Stats) => number][]} series
 */

/** @type {Record<string, Metric>} */
const METRICS = {
  'websockets.connections': {
    kind: 'UpDownCounter',
    unit: '{connection}',
    description: 'Open connections.',
    series: [
      [{ 'websockets.transport': 'socket' }, ({ connections, streams }) => connections - streams],
      [{ 'websockets.transport': 'stream' }, ({ streams }) => streams],
    ],
  },
  'websockets.closing_connections': {
    kind: 'UpDownCounter',
    unit: '{connection}',
    description: 'Connections whose closing is under way.',
    series: [[{}, ({ closing }) => closing]],
  },
  'websockets.messages': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages. One that is sent to many counts once for each of them.',
    series: [
      [RECEIVE, ({ messagesReceived }) => messagesReceived],
      [TRANSMIT, ({ messagesSent }) => messagesSent],
    ],
  },
  'websockets.io': {
    kind: 'Counter',
    unit: 'By',
    description: 'Bytes, frame headers included.',
    series: [
      [RECEIVE, ({ bytesReceived }) => bytesReceived],
      [TRANSMIT, ({ bytesSent }) => bytesSent],
    ],
  },
  'websockets.queued': {
    kind: 'UpDownCounter',
    unit: 'By',
    description: 'Bytes that wait to be written.',
    series: [[{}, ({ queuedBytes }) => queuedBytes]],
  },
  'websockets.pings': {
    kind: 'Counter',
    unit: '{ping}',
    description: 'Pings that were emitted, and that the app has sent.',
    series: [
      [RECEIVE, ({ pingsReceived }) => pingsReceived],
      [TRANSMIT, ({ pingsSent }) => pingsSent],
    ],
  },
  'websockets.pongs': {
    kind: 'Counter',
    unit: '{pong}',
    description: 'Pongs received.',
    series: [[RECEIVE, ({ pongsReceived }) => pongsReceived]],
  },
  'websockets.topics': {
    kind: 'UpDownCounter',
    unit: '{topic}',
    description: 'Topics that have subscribers.',
    series: [[{}, ({ topics }) => topics]],
  },
  'websockets.subscriptions': {
    kind: 'UpDownCounter',
    unit: '{subscription}',
    description: 'Subscriptions to topics.',
    series: [[{}, ({ subscriptions }) => subscriptions]],
  },
  'websockets.publishes': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages published to topics.',
    series: [[{}, ({ publishes }) => publishes]],
  },
  'websockets.deliveries': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages published, one for each subscriber.',
    series: [[{}, ({ deliveries }) => deliveries]],
  },
  'websockets.skipped': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Volatile messages that a slow subscriber did not get.',
    series: [[{}, ({ skipped }) => skipped]],
  },
  'websockets.backplane.up': {
    kind: 'Gauge',
    unit: '1',
    description: 'Whether the broker of the backplane is there: 1 or 0.',
    series: [[{}, ({ backplaneUp }) => backplaneUp]],
  },
  'websockets.backplane.messages': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages between processes: received of others, and handed over to the broker.',
    series: [
      [RECEIVE, ({ backplaneReceived }) => backplaneReceived],
      [TRANSMIT, ({ backplanePublished }) => backplanePublished],
    ],
  },
  'websockets.backplane.refused': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages that the backplane did not take.',
    series: [[{}, ({ backplaneRefused }) => backplaneRefused]],
  },
  'websockets.backplane.lost': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages of other processes that did not arrive.',
    series: [[{}, ({ backplaneLost }) => backplaneLost]],
  },
  'websockets.backplane.duplicates': {
    kind: 'Counter',
    unit: '{message}',
    description: 'Messages of other processes that came again, and were dropped.',
    series: [[{}, ({ backplaneDuplicates }) => backplaneDuplicates]],
  },
  'websockets.io_threads': {
    kind: 'UpDownCounter',
    unit: '{thread}',
    description: 'I/O threads of the process.',
    series: [[{}, ({ ioThreads }) => ioThreads]],
  },
  'websockets.io_threads.led': {
    kind: 'UpDownCounter',
    unit: '{thread}',
    description: 'I/O threads whose work the JavaScript thread does itself.',
    series: [[{}, ({ ioThreadsLed }) => ioThreadsLed]],
  },
  'websockets.leader_changes': {
    kind: 'Counter',
    unit: '{change}',
    description: 'How often such work has gone from one thread to another.',
    series: [[{}, ({ leaderChanges }) => leaderChanges]],
  },
};

/**
 * Has each Base asked for its `stats()` whenever metrics are collected: once, whatever the number of metrics.
 *
 * @param {Meter} meter
 * @param {Record<string, Base>} bases
 * @returns {() => void} stops it
 */
function observeStats(meter, bases) {
  const observed = Object.entries(METRICS).map(([name, { kind, unit, description, series }]) => ({
    instrument: meter[`createObservable${kind}`](name, { unit, description }),
    series,
  }));
  const instruments = observed.map(({ instrument }) => instrument);
  /** @type {import('@opentelemetry/api').BatchObservableCallback} */
  const observe = (result) => {
    for (const [name, base] of Object.entries(bases)) {
      const stats = base.stats();
      for (const { instrument, series } of observed) {
        for (const [attributes, value] of series) {
          result.observe(instrument, value(stats), { 'websockets.base': name, ...attributes });
        }
      }
    }
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}

module.exports = { METRICS, observeStats };
