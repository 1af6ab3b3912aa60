'use strict';

const { testClient } = require('./matrix');
const { start } = require('./peers/chromium');

testClient({ name: 'Chromium', start, can: () => false });
