'use strict';

const { broadcasts, createServer, deflates, excepts, keepsSocket, listen, folder, publishes } = require('./common');
const { Base, acceptKey, createSecureServer, createServer: createPlainServer } = require(folder);

const EXTENSIONS = 'permessage-deflate; client_no_context_takeover';

const base = new Base({ maxConnections: Infinity, perMessageDeflate: deflates });
const REPLIES = {
  broadcast: (data) => base.send(data),
  others: (data, sid) => {
    base.send(null, data, { except: sid });
    base.send(sid, data);
  },
  topics: (data, sid) => base.publish(base.sockets[sid].data, data),
  echo: (data, sid) => base.send(sid, data),
};
const reply = REPLIES[broadcasts ? 'broadcast' : excepts ? 'others' : publishes ? 'topics' : 'echo'];
base.on('message', reply);
base.on('binary', reply);

// Without these, TLS and the parser of requests are those of Node.js; an older checkout has not both.
const byNode = process.env.BENCH_NODE_TLS === '1';
const server = createServer(byNode ? undefined : createSecureServer, createPlainServer);
server.on('upgrade', (req, socket, head) => {
  const key = req.headers['sec-websocket-key'];
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    socket.destroy();
    return;
  }
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      ...(deflates ? [`Sec-WebSocket-Extensions: ${EXTENSIONS}`] : []),
      '\r\n',
    ].join('\r\n'),
  );
  const options = { data: req.url, head, keepSocket: keepsSocket, ...(deflates && { extensions: EXTENSIONS }) };
  const sid = base.assignSocket(socket, options);
  if (publishes) base.subscribe(sid, req.url);
});
listen(server);
