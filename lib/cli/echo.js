'use strict';

const fs = require('node:fs');
const http = require('node:http');
const { createSecureServer } = require('../server/secure/secure-server.js');
const { Server } = require('../server/server.js');
const { UsageError, number } = require('./commands.js');
const { closing, explain } = require('./explain.js');
const { shown, shownBytes } = require('./output.js');
const { onInterrupt } = require('./signals.js');

/** Bytes that may wait for a peer before no more is read of it. */
const HIGH_WATER = 1024 * 1024;

/**
 * An HTTP server, or an HTTPS server where there is a certificate.
 *
 * @param {import('./commands.js').Values} values
 */
function makeServer({ cert, key }) {
  /** @param {http.IncomingMessage} _req @param {http.ServerResponse} res */
  const plain = (_req, res) => res.writeHead(426, { Upgrade: 'websocket' }).end('This port speaks WebSocket.\n');
  if (cert === undefined && key === undefined) return http.createServer(plain);
  if (cert === undefined || key === undefined) throw new UsageError('--cert and --key need each other');
  return createSecureServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, plain);
}

/**
 * @param {import('./commands.js').Values} values the options
 * @param {string[]} positionals
 * @param {import('./output.js').Output} out
 */
function echo(values, positionals, out) {
  if (positionals.length > 0) throw new UsageError(`echo has no argument ${positionals[0]}`);
  const { host = 'localhost', origin: origins, protocol: protocols, deflate = false } = values;
  const port = number(values, 'port', { min: 0, max: 65535, integer: true }) ?? 3000;
  const httpServer = makeServer(values);
  const made = new Server({ origins, protocols, perMessageDeflate: deflate });
  const server = /** @type {import('../../index').Server} */ (/** @type {unknown} */ (made));
  /** By sid. @type {Map<string | undefined, string>} */
  const names = new Map();
  let count = 0;

  /** @param {string} sid @param {string | Buffer} data */
  const reply = (sid, data) => {
    server.send(sid, data);
    // One that does not read what it gets back is read no further.
    if (server.bufferedAmount(sid) > HIGH_WATER) server.pause(sid);
  };
  /** @param {string} sid @param {string} text @param {import('./output.js').Style} [style] */
  const log = (sid, text, style) => out.line(`${names.get(sid)} ${text}`, style);

  server.on('open', (sid, req) => {
    names.set(sid, `#${++count}`);
    const { remoteAddress, protocol = '', extensions = [] } = server.sockets[sid] ?? {};
    const agreed = [protocol, ...extensions]
      .filter(Boolean)
      .map((name) => `, ${name}`)
      .join('');
    log(sid, `open, ${remoteAddress} asks for ${shown(req.url ?? '')}${agreed}`, 'dim');
  });
  server.on('message', (text, sid) => {
    log(sid, shown(text));
    reply(sid, text);
  });
  server.on('binary', (data, sid) => {
    log(sid, shownBytes(data));
    reply(sid, data);
  });
  server.on('drain', (sid) => server.resume(sid));
  server.on('ping', (text, sid) => log(sid, `ping ${shown(text)}`.trimEnd(), 'dim'));
  server.on('close', (reason, sid, code, wasClean) => {
    log(sid, `closed, ${closing(code, reason, wasClean)}`, 'dim');
    names.delete(sid);
  });
  server.on('error', (error) => {
    const sid = 'sid' in error ? error.sid : undefined;
    if (sid !== undefined && names.has(sid)) log(sid, explain(error), 'red');
    else out.line(explain(error), 'red');
  });

  httpServer.on('error', (error) => {
    console.error(`websockets: cannot listen on ${host}:${port}: ${explain(error)}`);
    process.exitCode = 1;
  });
  server.listen(httpServer);
  httpServer.listen(port, host, () => {
    const scheme = values.cert === undefined ? 'ws' : 'wss';
    const { port: found } = /** @type {import('node:net').AddressInfo} */ (httpServer.address());
    out.line(`listening on ${scheme}://${host.includes(':') ? `[${host}]` : host}:${found} (Ctrl-C ends it)`);
  });
  onInterrupt(() => {
    httpServer.close();
    server.close(() => httpServer.closeAllConnections?.()); // Node.js 18.2
  });
}

module.exports = { echo };
