'use strict';

// What stats() says, and how connections have ended, in the text format that Prometheus scrapes:
// https://prometheus.io/docs/instrumenting/exposition_formats/

const { channel } = require('node:diagnostics_channel');

/** Each number of stats(): the metric's name, its type, and what it is. */
const METRICS = {
  connections: ['websockets_connections', 'gauge', 'Open connections.'],
  streams: ['websockets_stream_connections', 'gauge', 'Open connections that go by the stream transport.'],
  closing: ['websockets_closing_connections', 'gauge', 'Connections whose closing is under way.'],
  queuedBytes: ['websockets_queued_bytes', 'gauge', 'Bytes that wait to be written.'],
  ioThreads: ['websockets_io_threads', 'gauge', 'I/O threads.'],
  ioThreadsLed: ['websockets_io_threads_led', 'gauge', 'I/O threads whose work the JavaScript thread does itself.'],
  leaderChanges: ['websockets_leader_changes_total', 'counter', 'How often such work has gone to another thread.'],
  messagesReceived: ['websockets_messages_received_total', 'counter', 'Messages received.'],
  messagesSent: ['websockets_messages_sent_total', 'counter', 'Messages sent, one for each peer.'],
  topics: ['websockets_topics', 'gauge', 'Topics that have subscribers.'],
  subscriptions: ['websockets_subscriptions', 'gauge', 'Subscriptions to topics.'],
  publishes: ['websockets_publishes_total', 'counter', 'Messages published to topics.'],
  deliveries: ['websockets_deliveries_total', 'counter', 'Messages published, one for each subscriber.'],
  skipped: ['websockets_skipped_total', 'counter', 'Volatile messages that a slow subscriber did not get.'],
  backplaneUp: ['websockets_backplane_up', 'gauge', 'Whether the broker of the backplane is there.'],
  backplanePublished: ['websockets_backplane_published_total', 'counter', 'Messages handed over to the backplane.'],
  backplaneRefused: ['websockets_backplane_refused_total', 'counter', 'Messages that the backplane did not take.'],
  backplaneReceived: ['websockets_backplane_received_total', 'counter', 'Messages of other processes.'],
  backplaneLost: ['websockets_backplane_lost_total', 'counter', 'Messages of other processes that did not arrive.'],
  backplaneDuplicates: [
    'websockets_backplane_duplicates_total',
    'counter',
    'Messages that came again, and were dropped.',
  ],
  pingsReceived: ['websockets_pings_received_total', 'counter', 'Pings received.'],
  pingsSent: ['websockets_pings_sent_total', 'counter', 'Pings sent.'],
  pongsReceived: ['websockets_pongs_received_total', 'counter', 'Pongs received.'],
  bytesReceived: ['websockets_received_bytes_total', 'counter', 'Bytes received, frame headers included.'],
  bytesSent: ['websockets_sent_bytes_total', 'counter', 'Bytes sent, frame headers included.'],
  errors: ['websockets_errors_total', 'counter', 'Errors of peers and of extensions.'],
};

const escaped = (text) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
const labels = (pairs) =>
  `{${Object.entries(pairs)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(',')}}`;

/** The metrics of some Bases, each by a name that becomes a label. */
class Metrics {
  #bases;
  /** How many connections have ended with each code, by base. Codes of libraries and apps, of which a peer
   *  could name thousands, are one label. */
  #closes = new Map();

  /** @param {Record<string, import('websockets').Base>} bases */
  constructor(bases) {
    this.#bases = Object.entries(bases);
    for (const [name] of this.#bases) this.#closes.set(name, new Map());
    channel('websockets:close').subscribe(this.#count);
  }

  /** A connection is over. */
  #count = ({ base, code }) => {
    const found = this.#bases.find(([, one]) => one === base);
    if (found === undefined) return;
    const counts = this.#closes.get(found[0]);
    const label = code < 3000 ? String(code) : code < 4000 ? '3xxx' : '4xxx';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  };

  /** @returns {string} the page */
  toString() {
    const lines = [];
    const stats = this.#bases.map(([name, base]) => [name, base.stats()]);
    for (const [key, [metric, type, help]] of Object.entries(METRICS)) {
      lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} ${type}`);
      for (const [name, numbers] of stats) lines.push(`${metric}${labels({ base: name })} ${numbers[key]}`);
    }
    lines.push(
      '# HELP websockets_closed_total Connections that are over, by status code.',
      '# TYPE websockets_closed_total counter',
    );
    for (const [name, counts] of this.#closes) {
      for (const [code, count] of counts) lines.push(`websockets_closed_total${labels({ base: name, code })} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

module.exports = { METRICS, Metrics };
