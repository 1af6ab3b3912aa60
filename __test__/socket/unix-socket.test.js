'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { SIZES, bytesOf } = require('../support/payloads');

const skip = process.platform === 'win32' && 'no Unix-domain sockets here';
const options = { ...limit, skip };

test(
  'a Unix-domain socket carries a WebSocket as TCP does',
  options,
  served({ unix: true }, async ({ base, events, connect, carrier }) => {
    base.on('binary', (data, sid) => base.send(sid, data));
    const client = await connect();
    assert.equal(base.sockets[client.sid].transport, carrier);
    assert.equal(base.sockets[client.sid].remoteAddress, undefined);
    for (const size of SIZES) {
      const data = bytesOf(size);
      await client.send(data);
      assert.ok((await client.message()).equals(data), `${size} bytes`);
    }
    await client.send('text');
    assert.deepEqual(await events.next('message'), ['text', client.sid]);
    base.ping(client.sid, 'p');
    assert.deepEqual(await events.next('pong'), ['p', client.sid, Buffer.from('p')]);
  }),
);

test(
  'close from either side, terminate, and loss',
  options,
  served({ unix: true }, async ({ base, events, connectMany }) => {
    const [one, two, three, four] = await connectMany(4);
    base.close(one.sid, 'ours');
    assert.deepEqual(await events.next('close'), ['ours', one.sid, 1000]);
    assert.deepEqual(await one.closed(), { code: 1000, reason: 'ours' });
    two.ws.close(4000, 'theirs');
    assert.deepEqual(await events.next('close'), ['theirs', two.sid, 4000]);
    base.terminate(three.sid);
    assert.deepEqual(await events.next('close'), ['', three.sid, 1006]);
    four.ws.terminate();
    assert.deepEqual(await events.next('close'), ['', four.sid, 1006]);
  }),
);

test(
  'the socket object of a Unix-domain socket after the takeover',
  options,
  served({ unix: true }, async ({ accepted, raw, events }) => {
    const client = await raw();
    const socket = accepted.get(client.sid);
    assert.equal(socket.remoteAddress, undefined);
    assert.equal(typeof socket.address(), 'object');
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    await client.text('x');
    await events.next('message');
    assert.equal(socket.bytesRead, client.socket.bytesWritten);
    socket.destroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);
