'use strict';

const { redis } = require('./lib/backplane/adapters/redis.js');

module.exports = redis;
module.exports.redis = redis;
