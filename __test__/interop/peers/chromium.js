'use strict';

const launch = require('../../browser/chromium');
const { openWebSocket } = require('./web-socket');

const OPERATIONS = ['send', 'receive', 'echo', 'close', 'closed'];

/** @returns {Promise<{ connect: Function, end: Function }>} a page that opens WebSockets */
async function start() {
  const browser = await launch();
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.evaluate(`globalThis.connections = []; globalThis.open = ${openWebSocket}`);

  /** @returns {Promise<object>} a connection of the page, to be used from here */
  async function connect(url) {
    const [number, extensions] = await page.evaluate(async (where) => {
      const connection = await globalThis.open(WebSocket, where);
      return [globalThis.connections.push(connection) - 1, connection.extensions];
    }, url);
    const run = ([which, op, args]) => globalThis.connections[which][op](...args);
    const operations = OPERATIONS.map((op) => [op, (...args) => page.evaluate(run, [number, op, args])]);
    return { extensions, ...Object.fromEntries(operations) };
  }
  return { connect, end: () => browser.close() };
}

module.exports = { start };
