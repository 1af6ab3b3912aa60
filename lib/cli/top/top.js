'use strict';

const { Client } = require('../../client/client.js');
const { clientOptions, urlOf } = require('../client-options.js');
const { UsageError, number } = require('../commands.js');
const { closing, explain } = require('../explain.js');
const { shown } = require('../output.js');
const { onInterrupt } = require('../signals.js');
const { Lines, Once, Screen } = require('./displays.js');
const { readSample } = require('./sample.js');

/** @typedef {import('./sample.js').ReadSample} ReadSample */

const DEFAULT_URL = 'ws://localhost:3000/monitor';
/** Bytes of a sample: it has some 5 KiB for each Base. */
const LARGEST = 1024 * 1024;
/** ms between two looks at whether the server is still there. */
const PING_INTERVAL = 10_000;

/**
 * @param {import('../commands.js').Values} values the options
 * @param {string[]} positionals
 * @param {import('../output.js').Output} out
 */
async function top(values, positionals, out) {
  const [given = DEFAULT_URL, more] = positionals;
  if (more !== undefined) throw new UsageError(`top takes one URL, not ${more} as well`);
  const { once = false, json = false } = values;
  const wait = (number(values, 'wait', { min: 1, max: 86_400 }) ?? 10) * 1000;
  const url = urlOf(given);
  const client = new Client({
    ...(await clientOptions(values)),
    maxPayload: LARGEST,
    pingInterval: PING_INTERVAL,
    reconnect: true,
  });
  let hasSample = false;
  let isEnding = false;
  /** @type {Lines | Once | Screen | undefined} */
  let display;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  /** @param {string} [fault] what has gone wrong */
  const end = (fault) => {
    if (isEnding) return;
    isEnding = true;
    clearTimeout(timer);
    display?.close();
    client.close();
    if (fault !== undefined) {
      console.error(`websockets: ${fault}`);
      process.exitCode = 1;
    }
  };
  const interrupt = onInterrupt(end);
  const isScreen = process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !json && !once;

  client.on('message', (text) => {
    if (isEnding) return;
    /** @type {ReadSample} */
    let sample;
    try {
      sample = readSample(text);
    } catch (error) {
      end(`that is no monitor: ${shown(/** @type {Error} */ (error).message)}`);
      return;
    }
    hasSample = true;
    clearTimeout(timer);
    display?.sample(sample);
    if (once) end();
  });
  client.on('binary', () => end('that is no monitor: it sends binary messages'));
  client.on('error', (error) => {
    if (isEnding) return;
    if (hasSample) display?.note(`lost: ${explain(error)}`);
    else end(`no connection: ${explain(error)}`);
  });
  client.on('close', (reason, _sid, code, wasClean) => {
    if (isEnding) return;
    if (hasSample) display?.note(`lost: ${closing(code, reason, wasClean)}`);
    else end(`closed before a sample came: ${closing(code, reason, wasClean)}`);
  });
  client.on('giveup', () => end('given up: the answer of the server is final'));

  try {
    client.open(url);
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
  const { protocol, host, pathname } = new URL(url);
  const shownUrl = shown(`${protocol}//${host}${pathname}`); // whoever looks on need not see passwords and tokens
  timer = setTimeout(() => {
    end(`no sample came within ${wait / 1000} s: does the server have a monitor at ${shownUrl}?`);
  }, wait);
  if (isScreen) display = new Screen(out, shownUrl, interrupt);
  else display = once && !json ? new Once(out) : new Lines(out, json);
}

module.exports = { top };
