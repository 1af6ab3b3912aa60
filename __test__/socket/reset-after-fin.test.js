'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { served } = require('../support/server');
const { whileOthersTalk } = require('../support/talk');

test(
  'a reset is noticed while paused, also after a FIN',
  { timeout: 10_000 },
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw({ halfOpen: true }), await connect()];
    base.pause(client.sid);
    // By then the pause, and after it the FIN, have been seen.
    await whileOthersTalk(server, other);
    await new Promise((resolve) => client.socket.end(resolve));
    await whileOthersTalk(server, other);
    assert.equal(events.list('close').length, 0);
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);
