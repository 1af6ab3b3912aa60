'use strict';

const { test } = require('node:test');
const { tenThousandRounds } = require('../support/order');

test('send, send(sid), send, close(sid) arrive in that order, 10,000 times under load', tenThousandRounds);
