'use strict';

// The client under test over wss://, a `Client`: goes through all cases of the fuzzing server at AUTOBAHN_URL, whose
// certificate is AUTOBAHN_CA, as AUTOBAHN_AGENT, one after the other, and sends every message back as it came.

const { Client } = require('websockets');
const { eachCase } = require('./each-case');

const ORIGIN = process.env.AUTOBAHN_URL.replace(/\/$/, '');
const AGENT = encodeURIComponent(process.env.AUTOBAHN_AGENT ?? 'websockets');

const client = new Client({
  ca: process.env.AUTOBAHN_CA,
  servername: 'localhost',
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate: { threshold: 0 }, // the cases are many of them short
});

/**
 * @param {string} path
 * @param {boolean} echoes whether messages go back
 * @returns {Promise<string | undefined>} at the end of the connection: the last message, if they are not sent back
 */
function connect(path, echoes) {
  return new Promise((resolve, reject) => {
    let heard;
    client.removeAllListeners();
    client.on('message', (text, sid) => {
      if (echoes) client.send(sid, text);
      else heard = text;
    });
    client.on('binary', (data, sid) => client.send(sid, data));
    // What the fuzzing server does wrong is a case's business; a handshake that fails is not.
    client.on('error', (error) => error.sid === undefined && reject(error));
    client.on('close', () => resolve(heard));
    client.open(ORIGIN + path);
  });
}

eachCase(connect, AGENT).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
