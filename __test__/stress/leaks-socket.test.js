'use strict';

const { test } = require('node:test');
const { comeAndGo } = require('../support/lives');

test(
  '100000 connections come and go by the socket transport: memory, descriptors and handles come to rest',
  { timeout: 280_000 },
  (t) => comeAndGo(t, 'socket', 100_000),
);
