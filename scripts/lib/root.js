'use strict';

const path = require('node:path');

/** The folder of the checkout: every script works from here, wherever it is called from. */
module.exports = path.resolve(__dirname, '..', '..');
