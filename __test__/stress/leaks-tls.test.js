'use strict';

const { test } = require('node:test');
const { comeAndGo } = require('../support/lives');

test(
  '4000 connections come and go by streams under wss://: memory, descriptors and handles come to rest',
  { timeout: 280_000 },
  (t) => comeAndGo(t, 'tls', 4_000),
);
