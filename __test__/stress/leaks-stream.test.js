'use strict';

const { test } = require('node:test');
const { comeAndGo } = require('../support/lives');

test(
  '20000 connections come and go by the stream transport: memory, descriptors and handles come to rest',
  { timeout: 280_000 },
  (t) => comeAndGo(t, 'stream', 20_000),
);
