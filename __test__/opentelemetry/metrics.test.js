'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require('@opentelemetry/sdk-metrics');
const { Base } = require('../..');
const { instrument } = require('websockets/opentelemetry');
const { encode } = require('../support/frames');
const { limit, served } = require('../support/server');

/** The real SDK, which keeps what it would export. */
function collector(t) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  t.after(() => meterProvider.shutdown());
  /** All that is exported now: the value of each metric, by its name and attributes. */
  const collect = async () => {
    exporter.reset();
    await meterProvider.forceFlush();
    const [{ scopeMetrics = [] } = {}] = exporter.getMetrics();
    const values = new Map();
    const descriptors = new Map();
    for (const { scope, metrics } of scopeMetrics) {
      assert.equal(scope.name, 'websockets');
      for (const { descriptor, dataPoints } of metrics) {
        descriptors.set(descriptor.name, descriptor);
        for (const { attributes, value } of dataPoints) {
          const labels = Object.entries(attributes).map(([key, one]) => `${key}=${one}`);
          values.set([descriptor.name, ...labels.sort()].join(' '), value);
        }
      }
    }
    return { values, descriptors };
  };
  return { meterProvider, collect };
}

test('the SDK exports what stats() has, how connections end, and errors', limit, (t) =>
  served({}, async ({ base, events, connect, raw }) => {
    const { meterProvider, collect } = collector(t);
    const stop = instrument({ chat: base }, { meterProvider });
    t.after(stop);
    const clients = [await connect(), await connect()];
    base.subscribe(clients[0].sid, 'news');
    base.publish('news', 'four');
    await clients[0].send('hello');
    await events.next('message');
    clients[1].ws.close(1000);
    await events.atLeast('close', 1);
    const wrong = await raw();
    await wrong.write(encode({ opcode: 0x3, payload: '' }));
    await events.atLeast('close', 2);
    while (base.stats().closing > 0) await new Promise(setImmediate);

    const { values, descriptors } = await collect();
    const { streams, bytesReceived, bytesSent } = base.stats();
    const expected = {
      'websockets.connections websockets.base=chat websockets.transport=socket': 1 - streams,
      'websockets.connections websockets.base=chat websockets.transport=stream': streams,
      'websockets.messages network.io.direction=receive websockets.base=chat': 1,
      'websockets.messages network.io.direction=transmit websockets.base=chat': 1,
      'websockets.io network.io.direction=receive websockets.base=chat': bytesReceived,
      'websockets.io network.io.direction=transmit websockets.base=chat': bytesSent,
      'websockets.subscriptions websockets.base=chat': 1,
      'websockets.errors error.type=WS_ERR_INVALID_OPCODE websockets.base=chat': 1,
      'websockets.backplane.up websockets.base=chat': 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(values.get(name), value, name);
    for (const [, , code] of events.list('close')) {
      const { count, sum } = values.get(
        `websockets.connection.duration websockets.base=chat websockets.close.code=${code}`,
      );
      assert.equal(count, 1);
      assert.ok(sum >= 0);
    }
    assert.equal(descriptors.get('websockets.connection.duration').unit, 's');
    assert.equal(descriptors.get('websockets.io').unit, 'By');

    stop();
    await clients[0].send('unheard');
    await events.atLeast('message', 2);
    const received = 'websockets.messages network.io.direction=receive websockets.base=chat';
    assert.equal((await collect()).values.get(received), 1);
    stop(); // once more does nothing
  })(t),
);

test('every number of stats() is in a metric', limit, async (t) => {
  const { meterProvider, collect } = collector(t);
  // Each has a value of its own, by which it is found again. `errors` is counted by its codes.
  const numbers = Object.keys(new Base().stats()).filter((key) => key !== 'errors');
  const stats = Object.fromEntries(numbers.map((key, i) => [key, 2 ** i]));
  const base = Object.assign(new Base(), { stats: () => stats });
  t.after(instrument({ base }, { meterProvider }));
  const { values } = await collect();
  const found = new Set(values.values());
  assert.ok(found.delete(stats.connections - stats.streams));
  assert.deepEqual(
    numbers.filter((key) => key !== 'connections' && !found.has(stats[key])),
    [],
  );
});

test('what is no Base is refused', () => {
  assert.throws(() => instrument({ it: {} }), { name: 'TypeError', message: /The Base "it"/ });
  assert.throws(() => instrument(null), TypeError);
  const base = new Base();
  assert.throws(() => instrument({ one: base, two: base }), { name: 'TypeError', message: /"two" .* than "one"/ });
});
