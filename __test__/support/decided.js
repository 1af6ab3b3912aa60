'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { attached } = require('./attached');
const { factsOf } = require('./heard');

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
      const isRight = localPort === httpServer.address().port && remotePort === client.localPort;
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
  const client = net.connect({
    port: httpServer.address().port,
    host: '127.0.0.1',
    noDelay: true,
    allowHalfOpen: true,
  });
  let answer = '';
  client.setEncoding('latin1');
  const over = new Promise((resolve) => {
    client.on('data', (text) => {
      answer += text;
      if (/^HTTP\/1.1 101 [\s\S]*?\r\n\r\n/.test(answer)) resolve(opened);
    });
    client.on('end', resolve);
    client.on('close', resolve);
  });
  client.on('error', () => {});
  await once(client, 'connect');
  for (const piece of pieces) {
    await new Promise((resolve) => client.write(piece, 'latin1', resolve));
    // The server's turn, so that the next piece is a read of its own.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  // A request that does not end is over when its client has nothing more to say.
  if (answer === '' && events.length === 0) client.end();
  await over;
  client.destroy();
  // What comes after the response to a handshake depends on when the client leaves.
  const [response] = /^HTTP\/1.1 101 [\s\S]*?\r\n\r\n/.exec(answer) ?? [answer];
  return { heard: { events, answer: response.replace(/Date: .*\r\n/, '') }, isByRust };
}

module.exports = { decided };
