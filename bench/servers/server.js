'use strict';

// This module's `Server`, which answers the requests by itself.

const { readFileSync } = require('node:fs');
const { deflates, folder, keepsSocket, ready, tls } = require('./common');
const { Server } = require(folder);

const server = new Server({ keepSocket: keepsSocket, perMessageDeflate: deflates });
const echo = (data, sid) => server.send(sid, data);
server.on('message', echo);
server.on('binary', echo);
const secure = tls && { tls: { key: readFileSync(tls.key), cert: readFileSync(tls.cert) } };
server.listen({ port: 0, host: '127.0.0.1', ...secure }, () => ready(server.address().port));
