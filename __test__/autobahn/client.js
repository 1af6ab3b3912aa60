'use strict';

// The client under test: goes through all cases of the fuzzing server at AUTOBAHN_URL as
// AUTOBAHN_AGENT, one after the other, and sends every message back as it came.

const net = require('node:net');
const { randomBytes } = require('node:crypto');
const { Base, acceptKey } = require('websockets');

const { hostname, port } = new URL(process.env.AUTOBAHN_URL);
const AGENT = encodeURIComponent(process.env.AUTOBAHN_AGENT ?? 'websockets');
const TRANSPORT = process.env.WEBSOCKETS_TEST_TRANSPORT;
/** With the client's window it lets the server choose, or the cases that do would not run. */
const OFFER = 'permessage-deflate; client_max_window_bits';
const HEAD_LIMIT = 16 * 1024;

const base = new Base({
  mask: true,
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate: { threshold: 0 }, // the cases are many of them short
});

/** What is to be done at the end of each connection. @type {Map<string, () => void>} */
const ends = new Map();
/** The last message of each connection that is not echoed. @type {Map<string, string | undefined>} */
const heard = new Map();

base.on('message', (text, sid) => (heard.has(sid) ? heard.set(sid, text) : base.send(sid, text)));
base.on('binary', (data, sid) => base.send(sid, data));
base.on('close', (_reason, sid) => ends.get(sid)());

/**
 * The opening handshake (RFC 6455 §4.1).
 *
 * @param {string} path
 * @returns {Promise<{ socket: net.Socket, head: Buffer, extensions: string | undefined }>} in the
 *   tick in which the answer came: no byte may be lost behind it
 */
function handshake(path) {
  return new Promise((resolve, reject) => {
    const key = randomBytes(16).toString('base64');
    const socket = net.connect({ host: hostname, port: Number(port) });
    socket.on('error', reject);
    socket.write([
      `GET ${path} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Extensions: ${OFFER}`,
      '\r\n',
    ].join('\r\n'));
    let received = Buffer.alloc(0);
    const take = (chunk) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) {
        if (received.length > HEAD_LIMIT) socket.destroy(new Error('the head of the answer has no end'));
        return;
      }
      socket.off('data', take).off('error', reject);
      socket.pause();
      const lines = received.toString('latin1', 0, end).split('\r\n');
      const header = (name) => lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
      if (!lines[0].startsWith('HTTP/1.1 101 ') || header('sec-websocket-accept') !== acceptKey(key)) {
        socket.destroy();
        reject(new Error(`not upgraded: ${lines[0]}`));
        return;
      }
      resolve({ socket, head: received.subarray(end + 4), extensions: header('sec-websocket-extensions') });
    };
    socket.on('data', take);
  });
}

/**
 * @param {string} path
 * @param {boolean} echoes whether messages go back
 * @returns {Promise<string | undefined>} at the end of the connection: the last message, where they
 *   are not sent back
 */
async function connect(path, echoes) {
  const { socket, ...options } = await handshake(path);
  const sid = base.assignSocket(socket, { ...options, transport: TRANSPORT });
  if (!echoes) heard.set(sid, undefined);
  await new Promise((resolve) => ends.set(sid, resolve));
  ends.delete(sid);
  const last = heard.get(sid);
  heard.delete(sid);
  return last;
}

async function run() {
  const count = Number(await connect('/getCaseCount', false));
  if (!(count > 0)) throw new Error('the fuzzing server has no cases');
  for (let index = 1; index <= count; index++) {
    await connect(`/runCase?case=${index}&agent=${AGENT}`, true);
  }
  await connect(`/updateReports?agent=${AGENT}`, false);
}

run().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
