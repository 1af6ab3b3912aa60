'use strict';

// A server and a client in one process, with two extensions between them: a checksum on both sides,
// and a tap on the server's that counts what passes. Some of what the client says is damaged.

const http = require('node:http');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { Base, acceptKey } = require('websockets');
const checksum = require('./checksum');
const Metrics = require('./metrics');

const metrics = new Metrics();

/** The damage: behind the checksum in the write chain, so that it is found. */
const noise = {
  write(next, frame) {
    if (frame.content.includes('noise')) frame.content[0] ^= 1;
    next(null, frame);
  },
};

/** @returns {http.Server} one that echoes, and says what was wrong */
function createServer() {
  const base = new Base();
  base.extensions = { 'x-checksum': checksum, metrics: metrics.extension };
  base.on('message', (text, sid) => base.send(sid, `echo: ${text}`));
  base.on('error', (error) => console.log(`server: ${error.code}, ${error.message}`));
  base.on('close', (reason, sid, code) => console.log(`server: closed, ${code} ${reason}`));
  const server = http.createServer((req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end());
  server.on('upgrade', (request, socket, head) => {
    const offered = (request.headers['sec-websocket-extensions'] ?? '').split(',').map((name) => name.trim());
    const agreed = offered.filter((name) => name === 'x-checksum');
    socket.write(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key'])}`,
        ...(agreed.length > 0 ? [`Sec-WebSocket-Extensions: ${agreed.join(', ')}`] : []),
        '\r\n',
      ].join('\r\n'),
    );
    // Last, the tap sees what is on the wire; the peer need not know of it.
    base.assignSocket(socket, { head, extensions: [...agreed, 'metrics'] });
  });
  return server;
}

/** @returns {Promise<Base>} one whose only connection is to that server */
async function connect(port) {
  const headers = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Extensions': 'x-checksum',
  };
  const request = http.request({ port, host: '127.0.0.1', headers }).end();
  const [response, socket, head] = await once(request, 'upgrade');
  const base = new Base({ mask: true });
  base.extensions = { 'x-checksum': checksum, noise };
  base.assignSocket(socket, { head, extensions: `${response.headers['sec-websocket-extensions']}, noise` });
  return base;
}

async function main() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = await connect(server.address().port);
  client.on('message', (text) => {
    console.log(`client: ${text}`);
    if (text === 'echo: two') client.close(null, 'that is all');
  });
  client.send('one').send('noise').send('two');
  await once(client, 'close');
  server.close();
  console.log(`metrics: ${JSON.stringify(metrics.total)}`);
}

main();
