'use strict';

// node __test__/autobahn/tls-bridge.js PROGRAM
//
// Runs a client under test against the fuzzing server over wss://, which the suite's scripts offer to servers alone: the TLS
// here is that of Node.js, and the bytes within go on to the suite as they are. The client finds AUTOBAHN_URL and, as
// AUTOBAHN_CA, the certificate that it is to trust, for `localhost`.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');
const { selfSigned } = require('../support/certificate');

/** The port of the fuzzing server, which refuses a request for another: the bridge has it as well, at another address. */
const { port } = new URL(process.env.AUTOBAHN_URL);
const ADDRESS = '127.0.0.2';

const pair = selfSigned();
// Each end of a case is the peer's own, also one half at a time.
const bridge = tls.createServer({ ...pair, allowHalfOpen: true }, (near) => {
  const far = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  near.on('error', () => far.destroy()).on('close', () => far.destroy());
  far.on('error', () => near.destroy()).on('close', () => near.destroySoon());
  near.pipe(far).pipe(near);
});

/** @returns {Promise<number>} the exit status of the client */
async function main() {
  bridge.listen(port, ADDRESS);
  await once(bridge, 'listening');
  const env = { ...process.env, AUTOBAHN_URL: `wss://${ADDRESS}:${port}`, AUTOBAHN_CA: pair.cert };
  const client = spawn(process.execPath, process.argv.slice(2), { env, stdio: 'inherit' });
  const [status] = await once(client, 'close');
  return status ?? 1;
}

main().then(process.exit);
