'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const test = require('node:test');
const { WebSocket } = require('ws');
const { Base } = require('../..');
const { METRICS } = require('../../examples/metrics/prometheus.js');
const start = require('./start');

/** The samples of a page, strictly by the text format: each metric has its HELP and TYPE before it. */
function parse(text) {
  assert.ok(text.endsWith('\n'));
  const samples = new Map();
  const types = new Map();
  let described;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\}) (\d+)$/.exec(line);
    if (help) {
      [, described] = help;
    } else if (type) {
      assert.equal(type[1], described);
      assert.equal(types.has(described), false, `${described} is there twice`);
      types.set(described, type[2]);
    } else {
      assert.ok(sample, line);
      assert.equal(sample[1], described);
      assert.equal(types.get(described) === 'counter', described.endsWith('_total'));
      samples.set(sample[1] + sample[2], Number(sample[3]));
    }
  }
  return samples;
}

test('metrics: a page that Prometheus can read, with what has happened', { timeout: 30_000 }, async (t) => {
  const { url } = await start(t, 'metrics');
  const page = async () => {
    const res = await fetch(url);
    assert.equal(res.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    return parse(await res.text());
  };
  const before = await page();
  assert.equal(before.size, Object.keys(METRICS).length);
  assert.deepEqual([...new Set(before.values())], [0]);

  const clients = [0, 1].map(() => new WebSocket(url.replace('http', 'ws')));
  await Promise.all(clients.map((client) => once(client, 'open')));
  clients[0].send('hello');
  await once(clients[0], 'message');
  const during = await page();
  assert.equal(during.get('websockets_connections{base="echo"}'), 2);
  assert.equal(during.get('websockets_messages_received_total{base="echo"}'), 1);
  assert.equal(during.get('websockets_messages_sent_total{base="echo"}'), 1);
  assert.equal(during.get('websockets_received_bytes_total{base="echo"}'), 'hello'.length + 6);

  const closed = Promise.all(clients.map((client) => once(client, 'close')));
  clients[0].close(1000);
  clients[1].close(4321);
  await closed;
  let after = await page();
  while (after.get('websockets_closing_connections{base="echo"}') > 0) after = await page();
  assert.equal(after.get('websockets_connections{base="echo"}'), 0);
  assert.equal(after.get('websockets_closed_total{base="echo",code="1000"}'), 1);
  assert.equal(after.get('websockets_closed_total{base="echo",code="4xxx"}'), 1);
  assert.equal((await fetch(new URL('/', url))).status, 404);
});

test('metrics: every number of stats() is there', () => {
  assert.deepEqual(Object.keys(METRICS).sort(), Object.keys(new Base().stats()).sort());
});
