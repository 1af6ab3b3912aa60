'use strict';

// Copies of the JavaScript on one binary, as Jest's resetModules makes them, beside each other.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { copies } = require('../support/copies');
const { limit, served } = require('../support/server');

const COPIES = 5;

const classes = copies(COPIES).map(({ Base }) => Base);

test('each copy has the events of its own connections', limit, async (t) => {
  assert.equal(new Set(classes).size, COPIES);
  const bodies = classes.map((Class) =>
    served({ Class }, async ({ base, raw, events }) => {
      base.on('message', (text, sid) => base.send(sid, `${text}!`));
      const clients = [await raw(), await raw()];
      for (let round = 0; round < 20; round++) {
        const texts = clients.map((_client, i) => `${round} of ${i}`);
        await Promise.all(clients.map((client, i) => client.text(texts[i])));
        for (const [i, client] of clients.entries()) assert.equal(await client.said(), `${texts[i]}!`);
      }
      assert.equal(events.list('message').length, 40);
      base.close(clients[0].sid, 'enough');
      await clients[0].close(1000, 'enough');
      assert.deepEqual((await events.next('close')).slice(0, 3), ['enough', clients[0].sid, 1000]);
      base.terminate(clients[1].sid);
      assert.deepEqual((await events.next('close')).slice(0, 3), ['', clients[1].sid, 1006]);
    }),
  );
  await Promise.all(bodies.map((body) => body(t)));
});

test('a listener of one copy that throws takes nothing from another', limit, async (t) => {
  const [One, Two] = classes;
  const before = process.listeners('uncaughtException');
  const thrown = [];
  process.removeAllListeners('uncaughtException').on('uncaughtException', ({ message }) => thrown.push(message));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  const two = served({ Class: Two }, async (second) => {
    const one = served({ Class: One }, async (first) => {
      const clients = [await first.raw(), await second.raw(), await first.raw()];
      first.base.on('message', (text) => {
        throw new Error(text);
      });
      for (let i = 0; i < 10; i++) await Promise.all(clients.map((client) => client.text(`${i}`)));
      await first.events.atLeast('message', 20);
      await second.events.atLeast('message', 10);
    });
    await one(t);
  });
  await two(t);
  assert.equal(thrown.length, 20);
});
