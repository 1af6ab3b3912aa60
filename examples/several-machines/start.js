'use strict';

// The chat as two processes, and the Redis of this system between them (Debian has it as redis-server).
//
//   PORT  where the first listens (3000), the second one above it; 0 picks free ports

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');

const port = Number(process.env.PORT || 3000);
const children = [];

/** A process that ends with this one. */
function start(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  child.once('error', (error) => {
    console.error(`${command}: ${error.message}`);
    stop(1);
  });
  return child;
}

/** Ends all of them. @param {number} code */
function stop(code) {
  process.exitCode = code;
  for (const child of children) child.kill('SIGTERM');
}

/** A port that is free now. */
async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port: free } = server.address();
  await once(server.close(), 'close');
  return free;
}

async function main() {
  process.once('SIGINT', () => stop(0)).once('SIGTERM', () => stop(0));
  const brokerPort = await freePort();
  const broker = start('redis-server', ['--port', `${brokerPort}`, '--bind', '127.0.0.1', '--save', '']);
  broker.stdout.resume();
  for (const at of [port, port && port + 1]) {
    const env = { PORT: `${at}`, REDIS_URL: `redis://127.0.0.1:${brokerPort}` };
    start(process.execPath, [path.join(__dirname, 'chat.js')], env).stdout.pipe(process.stdout);
  }
}

main();
