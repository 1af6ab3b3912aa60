'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const test = require('node:test');
const { Client } = require('../support/ws-client');
const start = require('./start');

/** Opens a client that ends with the test. */
async function connect(t, url, options) {
  const client = new Client(url, options);
  t.after(() => client.destroy());
  await client.opened;
  return client;
}

// The same conversation with both: what an app's clients see does not change.
for (const file of ['ws-before.js', 'ws-after.js']) {
  test(`${file}: the chat`, { timeout: 30_000 }, async (t) => {
    const { child, url } = await start(t, `migrating/${file}`);
    const ada = await connect(t, `${url}?name=ada`);
    assert.equal(ada.ws.extensions.split(';')[0], 'permessage-deflate');
    assert.equal(await ada.message(), 'hello ada, there are 1');
    const grace = await connect(t, `${url}?name=grace`, { perMessageDeflate: false });
    assert.equal(await grace.message(), 'hello grace, there are 2');

    await ada.send('grüße');
    assert.deepEqual([await ada.message(), await grace.message()], ['ada: grüße', 'ada: grüße']);
    await ada.send(Buffer.from([0, 255]));
    assert.deepEqual(await ada.message(), Buffer.from([0, 255]));

    await ada.send('/quit');
    assert.deepEqual(await ada.closed(), { code: 1000, reason: 'bye' });
    assert.equal(await grace.message(), 'ada has gone, 1000');

    await assert.rejects(new Client(url).opened, /403/);
    await assert.rejects(new Client(url.replace('/chat', '/')).opened, /40[04]/);

    const big = await connect(t, `${url}?name=big`);
    await big.send('x'.repeat(64 * 1024 + 1));
    assert.equal((await big.closed()).code, 1009);
    assert.match(await grace.message(), /^big has gone, (1006|1009)$/);

    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    assert.equal((await grace.closed()).code, 1001);
    assert.deepEqual(await gone, [0, null]);
  });
}

test('module-of-2013.js: an app that was not changed', { timeout: 30_000 }, async (t) => {
  const { url } = await start(t, 'migrating/module-of-2013.js');
  const [ada, grace] = [await connect(t, url), await connect(t, url)];
  for (const client of [ada, grace]) assert.equal(await client.message(), 'welcome to ws://example.com/chat/');
  await ada.send('hello');
  assert.deepEqual([await ada.message(), await grace.message()], ['hello', 'hello']);
  await ada.send('ping');
  assert.equal(await ada.message(), 'pong: are you there?');
  await ada.send('leave');
  assert.deepEqual(await ada.closed(), { code: 1000, reason: 'you asked for it' });
  assert.equal(await grace.message(), 'somebody left: you asked for it');
});
