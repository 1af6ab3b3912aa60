'use strict';

const { testClient } = require('./matrix');
const undici = require('./peers/undici');

testClient({ name: 'undici', start: () => undici, can: () => false, compresses: false });
