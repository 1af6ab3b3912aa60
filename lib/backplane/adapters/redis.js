'use strict';

const { checkPrefix, load } = require('./common.js');
const { IoRedis, IoRedisCluster } = require('./ioredis.js');
const { NodeRedis, NodeRedisCluster } = require('./node-redis.js');
const { invalidType } = require('../../util/errors.js');

/**
 * @typedef {import('../../../index').Backplane} Backplane
 * @typedef {import('ioredis').RedisOptions} RedisOptions
 */

/**
 * A backplane over Redis. Each Redis client that it uses is one of its own, made like the one that it was given.
 *
 * @param {string | object} target a URL, or a client or cluster of `ioredis` or `redis`
 * @param {{ prefix?: string }} [options] `prefix` stands before the channels of this app
 * @returns {Backplane}
 * @throws {TypeError} if the target is none of these
 * @throws {Error} `ERR_WS_NO_CLIENT_LIBRARY` for a URL, if neither package is installed
 */
function redis(target, options) {
  const prefix = checkPrefix(options);
  if (typeof target === 'string') return ofUrl(target, prefix);
  const client = /** @type {Record<string, unknown> | null} */ (target);
  if (typeof client === 'object' && typeof client?.duplicate === 'function') {
    // By what they have: these may be classes of any copy of their packages.
    const given = /** @type {unknown} */ (client);
    if (client.isCluster === true && typeof client.status === 'string') {
      return new IoRedisCluster(/** @type {import('ioredis').Cluster} */ (given), prefix);
    }
    if (typeof client.status === 'string') {
      const io = /** @type {import('ioredis').Redis} */ (given);
      return new IoRedis((own) => io.duplicate(own), prefix);
    }
    if (typeof client.sPublish === 'function' && 'masters' in client) {
      return new NodeRedisCluster(/** @type {import('./node-redis.js').Cluster} */ (given), prefix);
    }
    if (typeof client.sPublish === 'function') {
      return new NodeRedis(/** @type {import('./node-redis.js').Client} */ (given), prefix);
    }
  }
  throw invalidType('The "client" argument', 'a URL, or a client of ioredis or redis', target);
}

/**
 * @param {string} url
 * @param {string} prefix
 * @returns {Backplane}
 */
function ofUrl(url, prefix) {
  if (!/^rediss?:\/\//.test(url)) {
    throw invalidType('The "client" argument', 'a URL that begins with redis:// or rediss://, or a client', url);
  }
  const [name, library] = load(['ioredis', 'redis']);
  if (name === 'ioredis') {
    const { Redis } = /** @type {typeof import('ioredis')} */ (library);
    return new IoRedis((own) => new Redis(url, own), prefix);
  }
  const { createClient } = /** @type {typeof import('redis')} */ (library);
  return new NodeRedis(/** @type {import('./node-redis.js').Client} */ (createClient({ url })), prefix);
}

module.exports = { redis };
