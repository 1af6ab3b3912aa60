'use strict';

// This module's `Server`, which answers the requests by itself.

const { deflates, folder, keepsSocket, ready } = require('./common');
const { Server } = require(folder);

const server = new Server({ keepSocket: keepsSocket, perMessageDeflate: deflates });
const echo = (data, sid) => server.send(sid, data);
server.on('message', echo);
server.on('binary', echo);
server.listen(0, '127.0.0.1', () => ready(server.address().port));
