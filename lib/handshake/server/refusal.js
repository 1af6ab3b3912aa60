'use strict';

/**
 * Why a request is not upgraded, thrown by what looks at it.
 */
class Refusal {
  /**
   * @param {number} status
   * @param {string} message what the client and the app get
   * @param {object} [more]
   * @param {string} [more.code]
   * @param {[string, string][]} [more.headers]
   * @param {string} [more.body] what the client gets instead of `message`
   * @param {unknown} [more.cause]
   */
  constructor(status, message, { code = 'ERR_WS_INVALID_UPGRADE', headers = [], body, cause } = {}) {
    this.status = status;
    this.message = message;
    this.code = code;
    this.headers = headers;
    this.body = body ?? `${message}\n`;
    this.cause = cause;
  }

  /** The header lines of a response that says so. @returns {[string, string][]} */
  get lines() {
    const { headers } = this;
    /** @type {[string, string][]} */
    const types = headers.some(([name]) => name.toLowerCase() === 'content-type')
      ? []
      : [['Content-Type', 'text/plain; charset=utf-8']];
    return [...types, ['Content-Length', String(Buffer.byteLength(this.body))], ...headers];
  }
}

/** Hears of an error that is another's business. */
function ignore() {}

module.exports = { Refusal, ignore };
