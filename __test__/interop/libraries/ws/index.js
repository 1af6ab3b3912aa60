'use strict';

// What the libraries get for `ws`.
module.exports = require('../../../../ws.js');
