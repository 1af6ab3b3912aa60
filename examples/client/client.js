'use strict';

// Says on standard output what a server sends, sends it what stands on standard input, and comes back
// when the connection is lost:
//
//   node examples/client/client.js 'ws://localhost:3000/room?name=ada'

const readline = require('node:readline');
const { Client } = require('websockets');

const client = new Client({
  url: process.argv[2] ?? 'ws://localhost:3000/room?name=ada',
  pingInterval: 15_000,
  reconnect: true,
});

client.on('open', (sid) => console.log(`open: ${client.sockets[sid].remoteAddress}`));
client.on('message', (text) => console.log(text));
client.on('close', (reason, sid, code) => console.log(`closed: ${code} ${reason}`));
client.on('error', (error) =>
  console.error(`${error.code}: ${error.message}${error.body ? `, ${error.body.trim()}` : ''}`),
);
client.open();

const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => client.send(line));
input.on('close', () => client.close()); // and it does not come back
