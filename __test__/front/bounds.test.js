'use strict';

// What a server bounds holds for those that Rust accepts as for those that Node.js accepts.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { createServer } = require('../..');
const http = require('node:http');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { attached } = require('../support/attached');

for (const create of [http.createServer, createServer]) {
  const by = create === createServer ? 'createServer' : 'http.createServer';

  test(`${by}: maxHeaderSize, below 16 KiB as well`, limit, async (t) => {
    const { port } = await attached(t, { create, http: { maxHeaderSize: 1_000 } });
    const { status, socket } = await exchange(port, requestText());
    assert.equal(status, 101);
    socket.destroy();
    const headers = { 'X-A': 'b'.repeat(2_000) };
    assert.equal((await exchange(port, requestText({ headers }))).status, 431);
  });
}
