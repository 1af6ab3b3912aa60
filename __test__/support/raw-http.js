'use strict';

const net = require('node:net');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The header lines of a proper opening handshake. */
const PROPER = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': KEY,
};

/**
 * The bytes of a request.
 *
 * @param {object} [change]
 * @param {string} [change.line] the request line
 * @param {Record<string, string | string[] | undefined>} [change.headers] in place of the proper ones;
 *   `undefined` leaves one out, an array makes several lines
 * @param {string} [change.body] what follows
 * @returns {string}
 */
function requestText({ line = 'GET / HTTP/1.1', headers = {}, body = '' } = {}) {
  const lines = Object.entries({ ...PROPER, ...headers }).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}`),
  );
  return [line, ...lines, '', body].join('\r\n');
}

/**
 * Sends bytes and reads the answer until it is whole, or the connection has ended.
 *
 * @param {number} port
 * @param {string} text in latin1
 * @returns {Promise<{ status: number, headers: Record<string, string>, body: string, ended: boolean,
 *   socket: net.Socket }>} headers by their names in lower case; a refusal ends the connection
 */
function exchange(port, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(text, 'latin1'));
    let got = '';
    const done = (ended) => {
      const at = got.indexOf('\r\n\r\n');
      if (at < 0) {
        reject(new Error(`no response: ${JSON.stringify(got)}`));
        return;
      }
      const [first, ...lines] = got.slice(0, at).split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve({ status: Number(first.split(' ')[1]), headers, body: got.slice(at + 4), ended, socket });
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      got += chunk;
      // An upgraded connection stays open.
      if (got.startsWith('HTTP/1.1 101') && got.includes('\r\n\r\n')) done(false);
    });
    socket.on('end', () => done(true));
    // Who refuses what it has not read may reset the connection behind its answer (RFC 9112 §9.6).
    socket.on('error', (error) => (got.includes('\r\n\r\n') ? done(true) : reject(error)));
  });
}

module.exports = { KEY, PROPER, exchange, requestText };
