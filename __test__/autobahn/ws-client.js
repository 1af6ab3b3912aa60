'use strict';

// The client under test, by `websockets/ws`: goes through all cases of the fuzzing server at AUTOBAHN_URL as
// AUTOBAHN_AGENT, one after the other, and sends every message back as it came.

const WebSocket = require('websockets/ws');
const { eachCase } = require('./each-case');

const ORIGIN = process.env.AUTOBAHN_URL.replace(/\/$/, '');
const AGENT = encodeURIComponent(process.env.AUTOBAHN_AGENT ?? 'websockets');

/**
 * @param {string} path
 * @param {boolean} echoes whether messages go back
 * @returns {Promise<string | undefined>} at the end of the connection: the last message, if they are not sent back
 */
function connect(path, echoes) {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(ORIGIN + path, { perMessageDeflate: { threshold: 0 } }); // many cases are short
    let isOpen = false;
    let heard;
    webSocket.on('open', () => (isOpen = true));
    webSocket.on('message', (data, isBinary) => {
      if (echoes) webSocket.send(data, { binary: isBinary });
      else heard = String(data);
    });
    // What the fuzzing server does wrong is a case's business; a handshake that fails is not.
    webSocket.on('error', (error) => isOpen || reject(error));
    webSocket.on('close', () => resolve(heard));
  });
}

eachCase(connect, AGENT).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
