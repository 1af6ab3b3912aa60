'use strict';

// Who is measured. `decodes`: text arrives as a string, by itself or because the server file makes one;
// what has `decoded` is another server's raw form, which does less work for text.

const path = require('node:path');

const file = (name) => path.join(__dirname, '..', 'servers', name);
const node = (name) => [process.execPath, '--expose-gc', file(name)];
const PLAIN_WS = { WS_NO_BUFFER_UTIL: '1' };
const DECODE = { BENCH_DECODE: '1' };
const UWS = process.env.UWS_PRELOAD ? { LD_PRELOAD: process.env.UWS_PRELOAD } : {};

/**
 * @typedef {{ name: string, command: string[], env: Record<string, string>, can: string[], only?: string[],
 *   decodes: boolean, decodedOf?: string, node: boolean, collects: boolean }} Server
 */

/** What those are called that `--before` measures as an earlier build, too. @type {Record<string, string>} */
const BEFORE = {
  websockets: 'websockets-before',
  'websockets-server': 'websockets-server-before',
  'ws-entry': 'ws-entry-before',
};

/** @type {Server[]} */
const SERVERS = [
  { name: 'websockets', command: node('websockets.js'), can: ['tls', 'deflate', 'topics'], decodes: true },
  {
    name: 'websockets-released',
    command: node('websockets.js'),
    env: { BENCH_KEEP_SOCKET: '0' },
    can: [],
    decodes: true,
    only: ['idle'],
  },
  {
    name: 'websockets-server',
    command: node('server.js'),
    can: ['tls'],
    decodes: true,
    only: ['churn', 'churn-wss'],
  },
  {
    name: 'node-tls',
    command: node('websockets.js'),
    env: { BENCH_NODE_TLS: '1' },
    can: ['tls'],
    decodes: true,
    only: ['churn-wss', 'idle-wss', 'wss-64x1', 'wss-64x16', 'wss-16k', 'wss-1m'],
  },
  { name: 'ws-entry', command: node('ws.js'), env: { BENCH_WS_ENTRY: '1' }, can: ['tls', 'deflate'] },
  { name: 'ws', command: node('ws.js'), env: PLAIN_WS, can: ['tls', 'deflate'] },
  {
    name: 'ws-decoded',
    command: node('ws.js'),
    env: { ...PLAIN_WS, ...DECODE },
    can: ['tls', 'deflate'],
    decodedOf: 'ws',
  },
  { name: 'ws-bufferutil', command: node('ws.js'), can: ['tls', 'deflate'] },
  {
    name: 'ws-bufferutil-decoded',
    command: node('ws.js'),
    env: DECODE,
    can: ['tls', 'deflate'],
    decodedOf: 'ws-bufferutil',
  },
  { name: 'uws', command: node('uws.js'), env: UWS, can: ['tls', 'deflate', 'topics'] },
  {
    name: 'uws-decoded',
    command: node('uws.js'),
    env: { ...UWS, ...DECODE },
    can: ['tls', 'deflate'],
    decodedOf: 'uws',
  },
  { name: 'websocket', command: node('websocket.js'), can: ['tls'], decodes: true },
  { name: 'bun', command: [bun(), file('bun.js')], can: ['tls', 'deflate', 'topics'], decodes: true, node: false },
  {
    name: 'raw-epoll',
    command: [path.join(__dirname, '..', 'generator', 'target', 'release', 'raw-echo')],
    can: [],
    node: false,
    collects: false,
  },
].map((server) => ({
  env: {},
  node: true,
  collects: true,
  ...server,
  decodes: server.decodes ?? server.decodedOf !== undefined,
}));

/** @returns {string} Bun's binary: its package has it as a file, whatever its install script would do */
function bun() {
  try {
    return require.resolve('@oven/bun-linux-x64/bin/bun');
  } catch {
    return 'bun';
  }
}

/**
 * All servers: this module once for each number of shards, and beside an earlier build of it.
 *
 * @param {number[]} shards none: as the module chooses
 * @param {string | undefined} before the folder of the earlier build
 * @returns {Server[]}
 */
function lineUp(shards, before) {
  const [own, ...others] = SERVERS;
  const earlier = SERVERS.filter(({ name }) => name in BEFORE).map((server) => ({
    ...server,
    name: BEFORE[server.name],
    env: { ...server.env, BENCH_MODULE: path.resolve(before ?? '.') },
  }));
  const peers = before === undefined ? others : [...earlier, ...others];
  if (shards.length === 0) return [own, ...peers];
  const each = shards.map((count) => ({
    ...own,
    name: `websockets/${count}`,
    env: { WEBSOCKETS_IO_THREADS: String(count) },
  }));
  return [...each, ...peers];
}

/**
 * Whether a server is measured in a scenario.
 *
 * @param {Server} server
 * @param {import('./scenarios')[number]} scenario
 */
function takesPart(server, scenario) {
  if (server.only && !server.only.includes(scenario.name)) return false;
  if (scenario.needs && !server.can.includes(scenario.needs)) return false;
  // Where nothing is text, there is nothing to decode.
  return scenario.text === true || server.decodedOf === undefined;
}

module.exports = { BEFORE, lineUp, takesPart };
