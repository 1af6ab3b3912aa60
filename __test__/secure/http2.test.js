'use strict';

// A server of node:http2 takes what a secure server has agreed on by ALPN: plain requests, WebSockets, and those of HTTP/1.1
// beside them.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');
const https = require('node:https');
const { test } = require('node:test');
const { Server, createSecureServer } = require('../..');
const { fetched, secured } = require('../support/https');
const { limit } = require('../support/server');
const { FrameReader, TEXT, encode } = require('../support/frames');

for (const create of [https.createServer, createSecureServer]) {
  test(`${create.name}: HTTP/2 by ALPN`, limit, async (t) => {
    const server = await secured(t, { ALPNProtocols: ['h2', 'http/1.1'] }, (_req, res) => res.end('one'), create);
    const inner = http2.createServer({ settings: { enableConnectProtocol: true } }, (req, res) => res.end(req.url));
    const sockets = new Server();
    sockets.listen(inner);
    sockets.on('message', (text, sid) => sockets.send(sid, text));
    const [byHttp1] = server.listeners('secureConnection');
    server.off('secureConnection', byHttp1);
    server.on('secureConnection', (socket) => {
      if (socket.alpnProtocol === 'h2') inner.emit('connection', socket);
      else byHttp1.call(server, socket);
    });

    const session = http2.connect(`https://127.0.0.1:${server.address().port}`, { rejectUnauthorized: false });
    t.after(() => session.destroy());
    const plain = session.request({ ':path': '/plain' }).setEncoding('utf8');
    let answer = '';
    plain.on('data', (text) => (answer += text));
    await once(plain, 'end');
    assert.equal(answer, '/plain');

    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/',
      'sec-websocket-version': '13',
    });
    const [{ ':status': status }] = await once(stream, 'response');
    assert.equal(status, 200);
    stream.write(encode({ opcode: TEXT, payload: 'by HTTP/2', mask: true }));
    const [bytes] = await once(stream, 'data');
    assert.deepEqual(
      new FrameReader().push(bytes).map(({ payload }) => payload.toString()),
      ['by HTTP/2'],
    );
    assert.equal((await fetched(server, { agent: false })).body.toString(), 'one');
    await sockets.close();
  });
}
