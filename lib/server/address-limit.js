'use strict';

const { Refusal, ignore } = require('../handshake/server/refusal.js');
const { invalidType } = require('../util/errors.js');
const { remoteAddressOf } = require('../util/http2-stream.js');
const { networkOf } = require('./network.js');

/** @typedef {import('../../index').UpgradeRequest} UpgradeRequest */

/**
 * How many connections each address has, handshakes under way included.
 *
 * @template {object} C a connection
 */
class AddressLimit {
  #most;
  #addressOf;
  /** By network; those that have none are not there. @type {Map<string, number>} */
  #counts = new Map();
  /** @type {WeakMap<C, () => void>} */
  #leaves = new WeakMap();

  /**
   * @param {number} most
   * @param {Function | undefined} addressOf the app's
   */
  constructor(most, addressOf) {
    this.#most = most;
    this.#addressOf = addressOf;
  }

  /**
   * A request has a place from now on.
   *
   * @param {UpgradeRequest} req
   * @param {string} [remoteAddress] of its peer, if that is known without a socket
   * @returns {() => void} gives the place back, however often it is called
   * @throws {Refusal} if its address has no place left
   * @throws {TypeError | unknown} if the app's function fails
   */
  enter(req, remoteAddress) {
    const address = this.#most === Infinity ? undefined : this.#address(req, remoteAddress);
    if (address === undefined) {
      return ignore;
    }
    const network = networkOf(address);
    const count = this.#counts.get(network) ?? 0;
    if (count >= this.#most) {
      // No Retry-After: nobody knows when one of its connections ends.
      throw new Refusal(429, 'This address has too many WebSockets', { code: 'ERR_WS_UPGRADE_REFUSED' });
    }
    this.#counts.set(network, count + 1);
    let isLeft = false;
    return () => {
      if (!isLeft) {
        isLeft = true;
        this.#leave(network);
      }
    };
  }

  /**
   * A request has become a connection, which keeps its place until it is closed.
   *
   * @param {C} connection
   * @param {() => void} leave
   */
  keep(connection, leave) {
    if (leave !== ignore) this.#leaves.set(connection, leave);
  }

  /** A connection is closed. @param {C} connection */
  over(connection) {
    this.#leaves.get(connection)?.();
  }

  /** @param {string} network */
  #leave(network) {
    const count = /** @type {number} */ (this.#counts.get(network));
    if (count > 1) {
      this.#counts.set(network, count - 1);
    } else {
      this.#counts.delete(network);
    }
  }

  /**
   * @param {UpgradeRequest} req
   * @param {string} [remoteAddress]
   * @returns {string | undefined} a Unix-domain socket has none
   */
  #address(req, remoteAddress) {
    if (this.#addressOf === undefined) {
      return remoteAddress ?? remoteAddressOf('stream' in req ? req.stream : req.socket);
    }
    const address = this.#addressOf(req);
    if (typeof address !== 'string' || address === '') {
      throw invalidType('The result of "addressOf"', 'a string that is not empty', address);
    }
    return address;
  }
}

module.exports = { AddressLimit };
