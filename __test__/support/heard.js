'use strict';

const { once } = require('node:events');
const { says } = require('./says');

/** What an app sees of a request, without its socket. @param {import('node:http').IncomingMessage} req */
function factsOf(req) {
  return {
    method: req.method,
    url: req.url,
    httpVersion: [req.httpVersion, req.httpVersionMajor, req.httpVersionMinor],
    headers: { ...req.headers },
    distinct: { ...req.headersDistinct },
    rawHeaders: req.rawHeaders,
    trailers: [req.rawTrailers, { ...req.trailers }],
    state: [req.complete, req.aborted, req.destroyed, req.readableEnded, req.readableLength, req.readableFlowing],
    upgrade: req.upgrade,
    status: [req.statusCode, req.statusMessage],
  };
}

/** The same with its socket. @param {import('node:http').IncomingMessage} req */
function seen(req) {
  const { connection, socket } = req;
  return { ...factsOf(req), own: [socket === connection, socket.server !== undefined, socket.remoteAddress] };
}

/**
 * What an HTTP server makes of the bytes of a client.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('node:http').Server} server
 * @param {string[]} pieces in latin1, each written once the one before it is there
 * @returns {Promise<{ events: [string, unknown][], answer: string }>}
 */
async function heard(t, server, pieces) {
  const events = [];
  server.on('upgrade', (req, socket, head) => {
    events.push(['upgrade', seen(req), head.toString('latin1')]);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 101 X\r\n\r\n');
    socket.resume();
  });
  server.on('request', (req, res) => {
    const facts = seen(req);
    // How much of a body is there depends on the pieces in which it came.
    delete facts.state;
    events.push(['request', facts]);
    req.resume().on('end', () => res.setHeader('Connection', 'close').end('answer'));
  });
  server.on('clientError', (error, socket) => {
    events.push(['clientError', error.code]);
    if (socket.writable) socket.end(`HTTP/1.1 400 ${error.code}\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const answer = await says(server.address().port, pieces, { hasHeard: () => events.length > 0 });
  return { events, answer };
}

module.exports = { factsOf, heard };
