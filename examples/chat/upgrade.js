'use strict';

const { acceptKey } = require('websockets');

const PATH = '/chat';

/**
 * Whether a header that is a comma-separated list holds a token, in any case.
 *
 * @param {string | undefined} header
 * @param {string} token lower case
 * @returns {boolean}
 */
function has(header, token) {
  return (header ?? '').split(',').some((item) => item.trim().toLowerCase() === token);
}

/**
 * Whether a page of ours asks, or a program that is no browser. A page of another site could
 * connect in the name of whoever visits it: browsers leave that to be judged by the server.
 *
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @returns {boolean}
 */
function sameOrigin({ origin, host }) {
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false; // "null", say, from a sandboxed frame
  }
}

/**
 * What is wrong with a request to upgrade (RFC 6455 §4.2.1), as status line and extra headers.
 *
 * @param {import('node:http').IncomingMessage} req
 * @returns {{ status: string, headers?: string[] } | null} `null` if nothing is
 */
function objection(req) {
  const { headers } = req;
  const key = headers['sec-websocket-key'] ?? '';
  if (req.url.split('?', 1)[0] !== PATH) return { status: '404 Not Found' };
  if (req.method !== 'GET') return { status: '405 Method Not Allowed', headers: ['Allow: GET'] };
  if (!has(headers.upgrade, 'websocket') || !has(headers.connection, 'upgrade')) {
    return { status: '426 Upgrade Required', headers: ['Upgrade: websocket'] };
  }
  if (headers['sec-websocket-version'] !== '13') {
    return { status: '426 Upgrade Required', headers: ['Sec-WebSocket-Version: 13'] };
  }
  // 16 bytes are 22 characters of base64 and two of padding.
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) return { status: '400 Bad Request' };
  if (!sameOrigin(headers)) return { status: '403 Forbidden' };
  return null;
}

/**
 * Answers a request to upgrade, and hands the socket over if it is a good one.
 *
 * @param {import('websockets').Base} base
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:net').Socket} socket
 * @param {Buffer} head what the client sent right behind its request
 */
function upgrade(base, req, socket, head) {
  const wrong = objection(req);
  if (wrong) {
    socket.on('error', () => {}); // it may be gone before it has read the answer
    const lines = [`HTTP/1.1 ${wrong.status}`, ...(wrong.headers ?? []), 'Content-Length: 0', 'Connection: close'];
    socket.end(`${lines.join('\r\n')}\r\n\r\n`);
    return;
  }
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(req.headers['sec-websocket-key'])}`,
      '\r\n',
    ].join('\r\n'),
  );
  base.assignSocket(socket, { head });
}

module.exports = upgrade;
