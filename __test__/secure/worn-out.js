'use strict';

// node __test__/secure/worn-out.js
//
// A real connection of TLS 1.2 that sends more records of AES-GCM than one key is good for, 2²⁴: it ends by close_notify, and
// the app hears of the end. That takes some minutes, so no gate has it; a key that is good for few is among the tests in Rust
// (`src/engine/tls/by_hand.rs`). The client is `openssl`.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const MOST = 2 ** 24;
/** An alert is a record of this type (RFC 5246 §6.2.1). */
const ALERT = 21;
/** Records of the handshake, which another key or none protects, and the close_notify. */
const OTHERS = 20;

/** Counts the records that a server sends to the one client of this thread's proxy. */
function proxy() {
  const header = Buffer.alloc(5);
  let known = 0;
  let left = 0;
  let records = 0;
  /** @param {Buffer} chunk */
  const count = (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        left -= step;
        at += step;
      } else {
        header[known++] = chunk[at++];
        if (known < header.length) continue;
        left = header.readUInt16BE(3);
        known = 0;
        records++;
      }
    }
  };
  const server = net.createServer((near) => {
    const far = net.connect(workerData, '127.0.0.1').on('data', count);
    near.pipe(far).pipe(near);
    far.on('end', () => parentPort.postMessage({ records, last: header[0] }));
    server.close();
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}

async function main() {
  // This thread writes itself, at the end of each turn: one record.
  process.env.WEBSOCKETS_LEADER = 'javascript';
  const { Server } = require('../..');
  const { selfSigned } = require('../support/certificate');

  const server = new Server({ timeout: 0 });
  const tls = { ...selfSigned(), maxVersion: 'TLSv1.2' };
  await new Promise((listening) => server.listen(0, '127.0.0.1', { tls }, listening));
  const worker = new Worker(__filename, { workerData: server.address().port });
  const [port] = await once(worker, 'message');
  const counted = once(worker, 'message');
  const stdio = ['pipe', 'ignore', 'inherit'];
  const client = spawn('openssl', ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`], { stdio });
  const left = once(client, 'close');
  const lines = ['GET / HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  client.stdin.write([...lines, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n'));

  const [sid] = await once(server, 'open');
  const closed = once(server, 'close');
  let sent = 0;
  const next = () => {
    if (server.sockets[sid] === undefined) return;
    server.send(sid, 'x');
    sent++;
    if (sent % 2 ** 20 === 0) console.log(`${sent / 2 ** 20} of ${MOST / 2 ** 20} Mi`);
    setImmediate(next);
  };
  next();

  const [[{ records, last }], [status], [reason, , code]] = await Promise.all([counted, left, closed]);
  console.log(`${records} records for ${sent} messages; ${code} ${reason}; openssl ended with status ${status}`);
  assert.ok(records > MOST - OTHERS && records <= MOST + OTHERS, 'as many as the key is good for');
  // Without close_notify it complains.
  assert.deepEqual([last, status, code], [ALERT, 0, 1006]);
  server.close();
}

if (isMainThread) main();
else proxy();
