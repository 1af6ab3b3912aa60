'use strict';

const { shown } = require('../output.js');
const { bytes, count, duration, rate, sparkline, timeOfDay } = require('./units.js');

/**
 * @typedef {import('../output.js').Style} Style
 * @typedef {import('./sample.js').ReadSample} ReadSample
 * @typedef {ReadSample['bases'][number]} BaseSample
 * @typedef {[text: string, style?: Style][]} Line pieces of it
 */

const LABEL = 12;

/** @param {string} text @param {number} width @returns {string} with spaces, or cut */
const cell = (text, width) => (text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width));

/** @param {string} label @param {...(string | [text: string, style?: Style])} pieces @returns {Line} */
const row = (label, ...pieces) => [
  [`  ${label.padEnd(LABEL)}`, 'dim'],
  ...pieces.map((piece) => /** @type {Line[number]} */ (typeof piece === 'string' ? [piece] : piece)),
];

/** @param {ReadSample['process']} figures @returns {Line} */
function processLine({ pid, version, uptime, cpu, memory, heapUsed, loopUtilization, loopDelay }) {
  const facts = [
    `process ${pid}`,
    shown(version),
    `up ${duration(uptime)}`,
    `CPU ${(cpu * 100).toFixed(0)} %`,
    `memory ${bytes(memory)}, heap ${bytes(heapUsed)}`,
    `event loop ${(loopUtilization * 100).toFixed(0)} % busy, late by ${loopDelay.toFixed(1)} ms`,
  ];
  return [[facts.join('   ')]];
}

/** How often, by a label. @param {Record<string, number>} tally @returns {string} the most first */
function tallied(tally) {
  const sorted = Object.entries(tally).sort(([, a], [, b]) => b - a);
  return sorted.map(([label, times]) => `${shown(label)} × ${count(times)}`).join('   ');
}

/**
 * A Base, in some lines.
 *
 * @param {BaseSample} base
 * @param {number[]} history how many messages there were for each second, up to now
 * @returns {Line[]}
 */
function baseLines({ name, stats, rates, closes, errors, recentErrors, topics, slow }, history) {
  /** @param {string} key @returns {number} */
  const stat = (key) => stats[key] ?? 0;
  /** @param {string} key */
  const speed = (key) => `${rate(rates[key] ?? 0)}/s`;
  /** @param {string} key */
  const flow = (key) => `${bytes(rates[key] ?? 0)}/s`;
  const queued = stat('queuedBytes');
  /** @type {Line[]} */
  const lines = [
    [],
    [
      [cell(shown(name), LABEL + 2), 'bold'],
      [connectionsOf(stats), 'bold'],
      [`   opened ${speed('opened')}, closed ${speed('closed')}, closing ${count(stat('closing'))}`],
    ],
    row('received', `${cell(`${speed('messagesReceived')} messages`, 22)}${flow('bytesReceived')}`),
    row('sent', `${cell(`${speed('messagesSent')} messages`, 22)}${flow('bytesSent')}`),
    row('queued', [bytes(queued), queued > 0 ? 'yellow' : undefined]),
    row('carried by', carriers(stats)),
  ];
  if (history.length > 1) lines.push(row('messages', [sparkline(history), 'cyan']));
  if (stat('topics') > 0 || stat('publishes') > 0) {
    const now = `${count(stat('topics'))} with ${count(stat('subscriptions'))} subscriptions`;
    const speeds = `published ${speed('publishes')}, delivered ${speed('deliveries')}, skipped ${speed('skipped')}`;
    lines.push(row('topics', `${now}   ${speeds}`));
  }
  if (stat('backplaneUp') > 0 || stat('backplanePublished') + stat('backplaneRefused') > 0) {
    const counts = ['Published', 'Received', 'Refused', 'Lost'].map(
      (key) => `${key.toLowerCase()} ${count(stat(`backplane${key}`))}`,
    );
    lines.push(
      row('backplane', stat('backplaneUp') > 0 ? ['up', 'green'] : ['down', 'red'], `   ${counts.join(', ')}`),
    );
  }
  if (Object.keys(closes).length > 0) lines.push(row('closed with', tallied(closes)));
  if (Object.keys(errors).length > 0) lines.push(row('errors', [tallied(errors), 'red']));
  slow.forEach(({ sid, address, transport, queuedBytes }, at) => {
    const who = `${shown(sid)} ${cell(shown(transport), 6)} ${shown(address ?? 'no address')}`;
    lines.push(row(at === 0 ? 'slow peers' : '', [cell(bytes(queuedBytes), 10), 'yellow'], ` ${who}`));
  });
  topics.forEach(({ name: topic, subscribers }, at) => {
    lines.push(row(at === 0 ? 'largest' : '', `${cell(count(subscribers), 10)} ${shown(topic)}`));
  });
  recentErrors.forEach(({ time, code, message, sid, address }, at) => {
    const who = [address, sid].flatMap((one) => (one === null ? [] : shown(one))).join(', ');
    lines.push(
      row(
        at === 0 ? 'last errors' : '',
        `${timeOfDay(time)} `,
        [shown(code), 'red'],
        ` ${shown(message)}${who && ` (${who})`}`,
      ),
    );
  });
  return lines;
}

/** @param {Record<string, number>} stats @returns {string} */
const connectionsOf = ({ connections = 0 }) => `${count(connections)} connection${connections === 1 ? '' : 's'}`;

/** What moves the bytes. @param {Record<string, number>} stats @returns {string} */
function carriers({ connections = 0, streams = 0, ioThreads = 0, ioThreadsLed = 0 }) {
  const led = ioThreadsLed > 0 ? `, led by JavaScript: ${count(ioThreadsLed)}` : '';
  return `sockets ${count(connections - streams)} (I/O threads: ${count(ioThreads)}${led}), streams ${count(streams)}`;
}

/**
 * A Base, in a line.
 *
 * @param {BaseSample} base
 * @returns {string}
 */
function baseLine({ name, stats, rates, slow }) {
  const { queuedBytes = 0, errors = 0 } = stats;
  const { messagesReceived = 0, messagesSent = 0, bytesReceived = 0, bytesSent = 0 } = rates;
  return [
    `${shown(name)}: ${connectionsOf(stats)}`,
    `received ${rate(messagesReceived)}/s (${bytes(bytesReceived)}/s)`,
    `sent ${rate(messagesSent)}/s (${bytes(bytesSent)}/s)`,
    `queued ${bytes(queuedBytes)}${slow.length > 0 ? `, of ${shown(slow[0].address ?? slow[0].sid)} ${bytes(slow[0].queuedBytes)}` : ''}`,
    `errors ${count(errors)}`,
  ].join(', ');
}

/**
 * All of a sample.
 *
 * @param {ReadSample} sample
 * @param {Map<string, number[]>} history how many messages each Base had for each second
 * @returns {Line[]}
 */
function sampleLines({ process: figures, bases }, history) {
  return [processLine(figures), ...bases.flatMap((base) => baseLines(base, history.get(base.name) ?? []))];
}

module.exports = { baseLine, sampleLines };
