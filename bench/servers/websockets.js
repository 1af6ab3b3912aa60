'use strict';

const { broadcasts, createServer, deflates, keepsSocket, listen, folder } = require('./common');
const { Base, acceptKey } = require(folder);

const EXTENSIONS = 'permessage-deflate; client_no_context_takeover';

const base = new Base({ maxConnections: Infinity, perMessageDeflate: deflates });
const reply = broadcasts ? (data) => base.send(data) : (data, sid) => base.send(sid, data);
base.on('message', reply);
base.on('binary', reply);

const server = createServer();
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
  base.assignSocket(socket, { head, keepSocket: keepsSocket, ...(deflates && { extensions: EXTENSIONS }) });
});
listen(server);
