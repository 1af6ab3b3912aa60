'use strict';

const { cluster } = require('./lib/backplane/adapters/cluster.js');

module.exports = cluster;
module.exports.cluster = cluster;
module.exports.primary = cluster.primary;
