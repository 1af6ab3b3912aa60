'use strict';

const { testClient, testServer } = require('./matrix');
const ws = require('./peers/ws');

/** It can be told everything. */
const peer = { name: 'ws', start: () => ws, can: () => true, fragments: true, pings: true };

testClient(peer);
testServer(peer);
