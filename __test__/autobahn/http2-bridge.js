'use strict';

const http = require('node:http');
const http2 = require('node:http2');
const { acceptKey } = require('websockets');

/**
 * Has clients of HTTP/1.1, such as the suite, come to a server of HTTP/2: the bytes of each go by a stream of their own,
 * as they are.
 *
 * @param {number} port of the server of HTTP/2
 * @returns {http.Server} that does not listen yet
 */
function bridgeTo(port) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  return http.createServer().on('upgrade', (req, socket, head) => {
    const { host, 'sec-websocket-extensions': extensions, 'sec-websocket-key': key } = req.headers;
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':authority': host,
      ':path': req.url,
      'sec-websocket-version': '13',
      ...(extensions === undefined ? {} : { 'sec-websocket-extensions': extensions }),
    });
    socket.on('error', () => {}).on('close', () => stream.close(http2.constants.NGHTTP2_CANCEL));
    stream.on('error', () => {}).on('close', () => socket.destroy());
    stream.on('response', (headers) => {
      const agreed = headers['sec-websocket-extensions'];
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(key)}`,
        ...(agreed === undefined ? [] : [`Sec-WebSocket-Extensions: ${agreed}`]),
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (head.length > 0) stream.write(head);
      socket.pipe(stream).pipe(socket);
    });
  });
}

module.exports = { bridgeTo };
