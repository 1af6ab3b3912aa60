'use strict';

// Workers of node:cluster, as processes, go on with each other's TLS sessions.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { test } = require('node:test');
const { selfSigned } = require('../support/certificate');
const { run } = require('../support/child');
const { comes, dialed } = require('../support/https');
const { limit } = require('../support/server');
const { Told } = require('../support/told');

/** A worker has its turn by then. */
const TURNS = 20;

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(
    `workers go on with each other's sessions of ${maxVersion}, if they have the same ticket keys`,
    limit,
    async (t) => {
      const primary = new Told(run(t, 'secure-workers.js', [selfSigned()]));
      const [port] = await primary.says('ready');
      const server = { address: () => ({ port }) };

      /** One request. @returns {Promise<{ worker: number, isReused: boolean, session: Buffer }>} by whom it was answered */
      const ask = async (session) => {
        const client = dialed(t, server, { session, minVersion: maxVersion, maxVersion });
        const ticket = once(client, 'session');
        client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const answer = JSON.parse((await comes(client, /\{.*\}$/))[0]);
        assert.equal(answer.provider, 'rustls');
        assert.equal(client.isSessionReused(), answer.isReused);
        const got = session ?? (await ticket)[0];
        client.destroy();
        return { ...answer, session: got };
      };

      /** Asks again with a session until each worker has answered. @returns {Promise<Record<number, boolean>>} who went on */
      const goesOn = async ({ session }) => {
        const answers = {};
        for (let turn = 0; Object.keys(answers).length < 2 && turn < TURNS; turn++) {
          const { worker, isReused } = await ask(session);
          answers[worker] = isReused;
        }
        return answers;
      };

      const keys = () => randomBytes(48).toString('hex');
      const both = { 1: true, 2: true };

      // Node.js gives them the keys of the first.
      const before = await ask();
      assert.equal(before.isReused, false);
      assert.deepEqual(await goesOn(before), both);

      const shared = keys();
      await primary.ask('keys', shared, shared);
      assert.deepEqual(await goesOn(before), { 1: false, 2: false });
      assert.deepEqual(await goesOn(await ask()), both);

      await primary.ask('keys', shared, keys());
      const own = await ask();
      assert.deepEqual(await goesOn(own), { 1: own.worker === 1, 2: own.worker === 2 });
    },
  );
}
