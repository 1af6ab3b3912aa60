'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { served } = require('./support/server');

// Node's own sockets report the FIN itself, as the end, although they are paused.
test('a reset is noticed while paused, also after a FIN', { timeout: 10_000 }, served({ transport: 'socket' }, async ({ base, events, raw, connect }) => {
  const [client, other] = [await raw({ halfOpen: true }), await connect()];
  base.pause(client.sid);
  // To and fro with another peer: by then the pause, and after it the FIN, have been seen.
  const talk = async () => {
    for (let i = 0; i < 100; i++) {
      base.send(other.sid, 'to');
      await other.message();
      const heard = events.next('message');
      await other.send('fro');
      await heard;
    }
  };
  await talk();
  await new Promise((resolve) => client.socket.end(resolve));
  await talk();
  client.socket.resetAndDestroy();
  assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
}));
