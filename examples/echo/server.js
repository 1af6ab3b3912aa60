'use strict';

// A WebSocket echo server: node:http upgrades by hand, Base takes the sockets over.

const http = require('node:http');
const { Base, acceptKey } = require('websockets');

const base = new Base({ maxConnections: 1000 });

base.on('open', (sid) => console.log(`${sid} open, ${base.connections} in all`));
base.on('message', (text, sid) => base.send(sid, text));
base.on('binary', (data, sid) => base.send(sid, data));
base.on('error', (error) => console.error(`${error.sid} ${error.code}: ${error.message}`));
base.on('close', (reason, sid, code) => console.log(`${sid} closed, ${code} ${reason}`));

const server = http.createServer((req, res) => {
  res.writeHead(426, { Upgrade: 'websocket' }).end('This port speaks WebSocket.\n');
});

server.on('upgrade', (req, socket, head) => {
  const { upgrade = '', 'sec-websocket-version': version, 'sec-websocket-key': key = '' } = req.headers;
  if (
    req.method !== 'GET' ||
    upgrade.toLowerCase() !== 'websocket' ||
    version !== '13' ||
    !/^[A-Za-z0-9+/]{22}==$/.test(key)
  ) {
    socket.on('error', () => {}); // the peer may be gone already
    socket.end('HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n');
    return;
  }
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      '\r\n',
    ].join('\r\n'),
  );
  base.assignSocket(socket, { head });
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ws://localhost:${server.address().port}`);
});
