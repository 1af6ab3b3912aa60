'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { Inbox } = require('../support/inbox');
const { RawClient } = require('../support/raw-client');
const { limit } = require('../support/server');
const { CLOSE, TEXT, closePayload, encode } = require('../support/frames');

test(
  'what a peer sent before its FIN is heard, allowHalfOpen false, where both came before the takeover',
  limit,
  async (t) => {
    const base = new Base();
    const events = new Inbox(base, ['open', 'message', 'close']);
    const server = net.createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const client = new RawClient(
      { port: server.address().port, host: '127.0.0.1' },
      { upgrade: false, halfOpen: true },
    );
    t.after(() => client.destroy());
    const [socket] = await once(server, 'connection');
    const heard = new Inbox(socket, ['readable']);
    await client.text('first');
    await heard.atLeast('readable', 1);
    client.socket.end(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'last' }),
        encode({ opcode: CLOSE, payload: closePayload(4000, 'bye') }),
      ]),
    );
    // A FIN makes a socket 'readable' as well; nothing public tells that it was that.
    while (!socket._readableState.ended) await once(socket, 'readable');

    const sid = base.assignSocket(socket);
    assert.deepEqual(await events.next('message'), ['first', sid]);
    assert.deepEqual(await events.next('message'), ['last', sid]);
    assert.deepEqual(await events.next('close'), ['bye', sid, 4000]);
    assert.equal((await client.closeFrame()).code, 4000);
  },
);
