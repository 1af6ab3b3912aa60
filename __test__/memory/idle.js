'use strict';

// node __test__/memory/idle.js [connections] [messages…]
//
// Prints how much memory a server needs for one connection that is idle: `Base`, the entry `websockets/ws` and the
// server of `ws`, with and without permessage-deflate (both contexts taken over, every message compressed), after
// each client has sent so many messages of 1 KiB and has had them back. The server is a process of its
// own; what it had before the first connection is taken off.

const http = require('node:http');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Base } = require('../..');
const entry = require('../../ws.js');
const { switchingProtocols } = require('../support/upgrade');

const DEFLATE = 'permessage-deflate';

/** Each server: it echoes on the port of `server`. */
const SERVERS = {
  Base(server, deflates) {
    const base = new Base({ maxConnections: Infinity, perMessageDeflate: deflates && { threshold: 0 } });
    base.on('message', (text, sid) => base.send(sid, text));
    server.on('upgrade', (request, socket, head) => {
      socket.write(switchingProtocols(request, deflates ? [`Sec-WebSocket-Extensions: ${DEFLATE}`] : []));
      base.assignSocket(socket, { head, extensions: deflates ? DEFLATE : [] });
    });
  },
  entry: echoBy(entry.WebSocketServer),
  ws: echoBy(WebSocketServer),
};

/** A server with the API of `ws`. */
function echoBy(Server) {
  return (server, deflates) => {
    const peers = new Server({ server, perMessageDeflate: deflates && { threshold: 0 } });
    peers.on('connection', (peer) => peer.on('message', (data) => peer.send(data.toString())));
  };
}

/** The server's process: it tells its port, then its memory whenever it is asked. */
function serve(name, deflates) {
  const server = http.createServer();
  SERVERS[name](server, deflates);
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('message', async () => {
    for (let i = 0; i < 3; i++) {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    process.send(process.memoryUsage.rss());
  });
  process.on('disconnect', () => process.exit());
}

/** 1 KiB of text that is like other such text, and never the same. */
function message(connection, index) {
  const items = [];
  for (let i = 0; items.join().length < 1024; i++) {
    items.push(
      JSON.stringify({
        id: Math.imul(connection * 1000 + index + i, 2654435761) >>> 0,
        name: `user ${i}`,
        online: i % 3 === 0,
      }),
    );
  }
  return items.join().slice(0, 1024);
}

/** Opens one connection and exchanges messages; it stays open. */
async function exchange(port, deflates, connection, count) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: deflates && { threshold: 0 } });
  await once(client, 'open');
  if (deflates !== client.extensions.includes(DEFLATE)) throw new Error('not what was to be agreed on');
  for (let index = 0; index < count; index++) {
    const text = message(connection, index);
    client.send(text);
    const [answer] = await once(client, 'message');
    if (answer.toString() !== text) throw new Error('not what was sent');
  }
  return client;
}

/** @returns {Promise<number>} bytes of memory for each connection */
async function measure(name, deflates, connections, count) {
  const server = fork(__filename, ['serve', name, String(deflates)], { execArgv: ['--expose-gc'] });
  const [port] = await once(server, 'message');
  const resident = async () => {
    server.send('memory');
    return (await once(server, 'message'))[0];
  };
  // Code, threads and pools are there after a few.
  const first = await Promise.all(Array.from({ length: 20 }, (_, i) => exchange(port, deflates, i, count)));
  for (const client of first) client.terminate();
  const before = await resident();
  const clients = [];
  for (let i = 0; i < connections; i += 50) {
    const some = Array.from({ length: Math.min(50, connections - i) }, (_, k) =>
      exchange(port, deflates, i + k, count),
    );
    clients.push(...(await Promise.all(some)));
  }
  const after = await resident();
  for (const client of clients) client.terminate();
  server.disconnect();
  return (after - before) / connections;
}

async function run([connections = '1000', ...counts]) {
  for (const count of counts.length > 0 ? counts.map(Number) : [1, 50]) {
    for (const deflates of [true, false]) {
      for (const name of Object.keys(SERVERS)) {
        const bytes = await measure(name, deflates, Number(connections), count);
        const what = deflates ? 'compressed' : 'plain';
        console.log(
          `${name.padEnd(5)}  ${what.padEnd(10)}  ${String(count).padStart(3)} messages: ${(bytes / 1024).toFixed(1).padStart(6)} KiB a connection`,
        );
      }
    }
  }
}

if (process.argv[2] === 'serve') serve(process.argv[3], process.argv[4] === 'true');
else run(process.argv.slice(2));
