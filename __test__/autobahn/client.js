'use strict';

// The client under test: goes through all cases of the fuzzing server at AUTOBAHN_URL as
// AUTOBAHN_AGENT, one after the other, and sends every message back as it came.

const { Base, Upgrade } = require('websockets');
const { eachCase } = require('./each-case');

const ORIGIN = process.env.AUTOBAHN_URL.replace(/\/$/, '');
const AGENT = encodeURIComponent(process.env.AUTOBAHN_AGENT ?? 'websockets');
const perMessageDeflate = { threshold: 0 }; // the cases are many of them short
const transport = process.env.WEBSOCKETS_TEST_TRANSPORT;

const base = new Base({
  mask: true,
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate,
});

/** What is to be done at the end of each connection. @type {Map<string, () => void>} */
const ends = new Map();
/** The last message of each connection that is not echoed. @type {Map<string, string | undefined>} */
const heard = new Map();

base.on('message', (text, sid) => (heard.has(sid) ? heard.set(sid, text) : base.send(sid, text)));
base.on('binary', (data, sid) => base.send(sid, data));
base.on('close', (_reason, sid) => ends.get(sid)());

/**
 * @param {string} path
 * @param {boolean} echoes whether messages go back
 * @returns {Promise<string | undefined>} at the end of the connection: the last message, where they
 *   are not sent back
 */
function connect(path, echoes) {
  return new Promise((resolve, reject) => {
    Upgrade.createUpgradeRequest(ORIGIN + path, { perMessageDeflate }, (error, socket, options) => {
      if (error) {
        reject(error);
        return;
      }
      const sid = base.assignSocket(socket, { ...options, transport });
      if (!echoes) heard.set(sid, undefined);
      ends.set(sid, () => {
        ends.delete(sid);
        resolve(heard.get(sid));
        heard.delete(sid);
      });
    });
  });
}

eachCase(connect, AGENT).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
