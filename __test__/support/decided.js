'use strict';

const { attached } = require('./attached');
const { factsOf } = require('./heard');
const { says } = require('./says');

/**
 * What a `Server` hears of the bytes of a client, and what the client is answered. Nobody else hears of upgrades.
 *
 * @param {import('node:test').TestContext} t
 * @param {Parameters<typeof attached>[1]} how
 * @param {string[]} pieces in latin1, each written once the one before it is there
 * @returns {Promise<{ heard: { events: [string, unknown][], answer: string }, isByRust: boolean }>} `isByRust`: whether the
 *   request was read by Rust, and has no socket
 */
async function decided(t, how, pieces) {
  const events = [];
  let isByRust = false;
  let clientPort;
  const options = {
    ...how.options,
    shouldAccept(req) {
      isByRust = Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined;
      events.push(['shouldAccept', factsOf(req)]);
      return true;
    },
  };
  const { server, httpServer } = await attached(t, { ...how, options });
  const opened = new Promise((resolve) => {
    server.on('open', (sid, req) => {
      const { remoteAddress } = server.sockets[sid];
      const { socket } = req;
      const { localPort, remotePort } = socket;
      const isRight = localPort === httpServer.address().port && remotePort === clientPort;
      events.push(['open', factsOf(req), remoteAddress, socket.remoteAddress, socket.server === httpServer, isRight]);
      resolve();
    });
  });
  // Instead of the listener that `attached` has given it.
  httpServer.removeAllListeners('request');
  httpServer.on('request', (req, res) => {
    events.push(['request', { ...factsOf(req), state: null }]);
    req.resume().on('end', () => res.setHeader('Connection', 'close').end('answer'));
  });
  httpServer.on('clientError', (error, socket) => {
    events.push(['clientError', error.code]);
    if (socket.writable) socket.end(`HTTP/1.1 400 ${error.code}\r\n\r\n`);
  });
  const answered = /^HTTP\/1.1 101 [\s\S]*?\r\n\r\n/;
  const follows = (answer) => (answered.test(answer) ? opened : null);
  const connected = (client) => {
    clientPort = client.localPort;
  };
  const hasHeard = () => events.length > 0;
  const answer = await says(httpServer.address().port, pieces, { hasHeard, connected, follows });
  // What comes after the response to a handshake depends on when the client leaves.
  const [response] = answered.exec(answer) ?? [answer];
  return { heard: { events, answer: response }, isByRust };
}

module.exports = { decided };
