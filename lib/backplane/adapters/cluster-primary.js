'use strict';

const nodeCluster = require('node:cluster');

const { failure } = require('../../util/errors.js');

/** Bytes that may wait for a worker that does not read: what comes past it that worker misses, and counts. */
const MAX_WAITING = 16 * 1024 * 1024;

/**
 * What a backplane of a worker asks the primary for. `port` says which of one worker it is.
 *
 * @typedef {{ type: 'hello' | 'bye' } | Change | { type: 'publish', channel: string, payload: string }} Request
 */

/** @typedef {{ type: 'subscribe' | 'unsubscribe', number: number, channels: string[] }} Change of subscriptions */

/**
 * What the primary says to a worker: that it is there, to all; the rest to one backplane of it.
 *
 * @typedef {{ type: 'begins', port: null } | { type: 'welcome', port: string } |
 *   { type: 'done', port: string, number: number } |
 *   { type: 'message', port: string, channel: string, payload: string }} Reply
 */

/** @typedef {import('node:cluster').Worker} Worker */

/** Its types say that it is a namespace. */
const cluster = /** @type {import('node:cluster').Cluster} */ (/** @type {unknown} */ (nodeCluster));

/** A backplane of a worker. */
class Port {
  /** @type {Set<string>} */
  channels = new Set();
  #waiting = 0;
  #worker;
  #name;

  /** @param {Worker} worker @param {string} name */
  constructor(worker, name) {
    this.#worker = worker;
    this.#name = name;
  }

  /** @param {{ type: 'welcome' } | { type: 'done', number: number }} reply */
  say(reply) {
    send(this.#worker, { ...reply, port: this.#name });
  }

  /** @param {string} channel @param {string} payload */
  message(channel, payload) {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting += payload.length;
    send(this.#worker, { type: 'message', port: this.#name, channel, payload }, () => {
      this.#waiting -= payload.length;
    });
  }
}

/**
 * @param {Worker} worker
 * @param {Reply} reply
 * @param {() => void} [written]
 */
function send(worker, reply, written = () => {}) {
  // It may end at any time: then nothing is written, and that is all.
  if (worker.isConnected()) worker.send({ websockets: reply }, () => written());
  else written();
}

/**
 * @param {unknown} value
 * @returns {value is Request & { port: string }}
 */
function isRequest(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { type, port, number, channels, channel, payload } = /** @type {Record<string, unknown>} */ (value);
  if (typeof port !== 'string') return false;
  if (type === 'publish') return typeof channel === 'string' && typeof payload === 'string';
  if (type === 'subscribe' || type === 'unsubscribe') {
    return typeof number === 'number' && Array.isArray(channels) && channels.every((one) => typeof one === 'string');
  }
  return type === 'hello' || type === 'bye';
}

/** Hands on what workers publish. */
class Primary {
  /** By worker and name. @type {Map<Worker, Map<string, Port>>} */
  #ports = new Map();
  /** By channel. @type {Map<string, Set<Port>>} */
  #subscribers = new Map();

  /** Begins with the workers that are there, and with those to come. */
  start() {
    cluster.on('message', (worker, message) => {
      const { websockets } = message ?? {};
      // Among messages of the app, which may have a property of this name.
      if (isRequest(websockets)) this.#request(worker, websockets);
    });
    cluster.on('disconnect', (worker) => this.#leave(worker));
    cluster.on('exit', (worker) => this.#leave(worker));
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker !== undefined) send(worker, { type: 'begins', port: null });
    }
  }

  /**
   * @param {Worker} worker
   * @param {Request & { port: string }} request
   */
  #request(worker, request) {
    const port = this.#portOf(worker, request.port);
    if (request.type === 'publish') {
      for (const other of this.#subscribers.get(request.channel) ?? []) {
        if (other !== port) other.message(request.channel, request.payload);
      }
    } else if (request.type === 'hello' || request.type === 'bye') {
      this.#unsubscribe(port, [...port.channels]);
      if (request.type === 'hello') port.say({ type: 'welcome' });
      else this.#ports.get(worker)?.delete(request.port);
    } else {
      const { type, channels, number } = /** @type {Change} */ (request);
      if (type === 'subscribe') this.#subscribe(port, channels);
      else this.#unsubscribe(port, channels);
      port.say({ type: 'done', number });
    }
  }

  /** @param {Worker} worker @param {string} name @returns {Port} */
  #portOf(worker, name) {
    let ports = this.#ports.get(worker);
    if (ports === undefined) {
      ports = new Map();
      this.#ports.set(worker, ports);
    }
    let port = ports.get(name);
    if (port === undefined) {
      port = new Port(worker, name);
      ports.set(name, port);
    }
    return port;
  }

  /** @param {Port} port @param {string[]} channels */
  #subscribe(port, channels) {
    for (const channel of channels) {
      port.channels.add(channel);
      const subscribers = this.#subscribers.get(channel);
      if (subscribers === undefined) this.#subscribers.set(channel, new Set([port]));
      else subscribers.add(port);
    }
  }

  /** @param {Port} port @param {string[]} channels */
  #unsubscribe(port, channels) {
    for (const channel of channels) {
      port.channels.delete(channel);
      const subscribers = this.#subscribers.get(channel);
      subscribers?.delete(port);
      if (subscribers?.size === 0) this.#subscribers.delete(channel);
    }
  }

  /** A worker is gone. @param {Worker} worker */
  #leave(worker) {
    for (const port of this.#ports.get(worker)?.values() ?? []) this.#unsubscribe(port, [...port.channels]);
    this.#ports.delete(worker);
  }
}

/** @type {Primary | null} */
let only = null;

/**
 * Has the primary of `node:cluster` hand on what its workers publish: before or after they are forked, once.
 *
 * @throws {Error} `ERR_WS_NO_PRIMARY` if this process is a worker
 */
function primary() {
  if (!cluster.isPrimary) {
    throw failure('ERR_WS_NO_PRIMARY', 'cluster.primary() is for the primary: a worker makes a backplane by cluster()');
  }
  if (only === null) {
    only = new Primary();
    only.start();
  }
}

module.exports = { primary };
