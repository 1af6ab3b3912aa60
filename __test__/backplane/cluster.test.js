'use strict';

// The tests run in a worker of node:cluster, each with several backplanes of it.

const cluster = require('node:cluster');
const { test } = require('node:test');
const backplane = require('websockets/cluster');
const { testBackplane } = require('websockets/backplane-test');

if (cluster.isPrimary) {
  backplane.primary();
  cluster.fork().on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  testBackplane('cluster', { create: () => backplane() });
  test('a worker that has closed its backplanes can leave', () => cluster.worker.disconnect());
}
