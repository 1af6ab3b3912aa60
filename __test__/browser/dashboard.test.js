'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { WebSocket } = require('ws');
const start = require('../examples/start');
const launch = require('./chromium');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** The page. An error on it, or anything that its content policy had to stop, fails the test. */
async function open(t, url, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(url);
  await page.getByText('live', { exact: true }).waitFor();
  /** The part of it that shows one Base. */
  const base = (name) => page.locator('.base', { has: page.getByRole('heading', { name, exact: true }) });
  return { page, base };
}

/** The Dashboard, with samples as fast as they come. */
const dashboard = (t, env) => start(t, 'recipes/dashboard/server.js', { INTERVAL: '100', ...env });

test('the dashboard shows what comes, and comes back after a restart', { timeout: 60_000 }, async (t) => {
  const { child, url, port } = await dashboard(t);
  const { page, base } = await open(t, url);
  const viewers = base('viewers').locator('.open output');
  await viewers.filter({ hasText: /^1$/ }).waitFor();
  // A line of more than one point.
  await page.locator('.tile', { hasText: 'Memory' }).locator('polyline[points*=" "]').waitFor();

  const second = await browser.newPage();
  await second.goto(url);
  await viewers.filter({ hasText: /^2$/ }).waitFor();
  await second.close();
  await viewers.filter({ hasText: /^1$/ }).waitFor();

  child.kill('SIGKILL');
  await page.getByText(/^lost/).waitFor();
  await dashboard(t, { PORT: port });
  await page.getByText('live', { exact: true }).waitFor();
  await viewers.filter({ hasText: /^1$/ }).waitFor();
});

test('it shows rates, slow peers, how connections end, and errors', { timeout: 60_000 }, async (t) => {
  const { url, port } = await dashboard(t);
  const { base } = await open(t, url);
  const echo = base('echo');
  await echo.getByText('Nobody lets bytes wait.').waitFor();
  const connect = async () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: false });
    t.after(() => client.terminate());
    await once(client, 'open');
    return client;
  };
  const slow = await connect();
  slow.pause();
  slow.send(Buffer.alloc(12 * 1024 * 1024));
  await echo.locator('.slow td').filter({ hasText: /MiB$/ }).waitFor();

  const wrong = await connect();
  wrong._socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
  await echo.locator('.errors td', { hasText: 'WS_ERR_INVALID_OPCODE' }).waitFor();
  const polite = await connect();
  polite.close(4000);
  await echo.locator('.closes td', { hasText: '4xxx' }).waitFor();

  const busy = await connect();
  const timer = setInterval(() => busy.send('hello'), 10);
  t.after(() => clearInterval(timer));
  await echo
    .locator('.tile', { hasText: 'Messages' })
    .getByText(/^[1-9][\d.]*\/s$/)
    .first()
    .waitFor();
});

for (const [name, options] of [
  ['narrow', { viewport: { width: 360, height: 740 } }],
  ['wide and dark', { viewport: { width: 1400, height: 900 }, colorScheme: 'dark' }],
]) {
  test(`a ${name} window shows it without scrolling sideways`, { timeout: 60_000 }, async (t) => {
    const { url } = await dashboard(t);
    const { page, base } = await open(t, url, options);
    await base('viewers').locator('.open output').filter({ hasText: /^1$/ }).waitFor();
    const [scrollWidth, clientWidth, background] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
      getComputedStyle(document.body).backgroundColor,
    ]);
    assert.ok(scrollWidth <= clientWidth, `${scrollWidth} of ${clientWidth}`);
    assert.equal(background, options.colorScheme === 'dark' ? 'rgb(18, 21, 26)' : 'rgb(244, 245, 247)');
  });
}
