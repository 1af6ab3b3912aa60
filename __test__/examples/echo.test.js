'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const test = require('node:test');
const { WebSocket } = require('ws');
const start = require('./start');

test('the echo example sends text and binary back', async (t) => {
  const { url } = await start(t, 'echo');
  const client = new WebSocket(url);
  await once(client, 'open');
  for (const sent of ['grüße', Buffer.from([0, 255, 1])]) {
    client.send(sent);
    const [data, binary] = await once(client, 'message');
    assert.equal(binary, Buffer.isBuffer(sent));
    assert.deepEqual(binary ? data : data.toString(), sent);
  }
  client.close(4000);
  assert.equal((await once(client, 'close'))[0], 4000);
});

test('the echo example refuses what is no WebSocket', async (t) => {
  const { port } = await start(t, 'echo');
  const status = (headers) =>
    new Promise((resolve, reject) => {
      http.get({ port, host: '127.0.0.1', headers }, (res) => resolve(res.resume().statusCode)).on('error', reject);
    });
  assert.equal(await status({}), 426);
  assert.equal(await status({ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '8' }), 426);
});
