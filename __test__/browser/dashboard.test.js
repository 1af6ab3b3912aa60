'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const start = require('../examples/start');
const launch = require('./chromium');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('the dashboard shows what comes, and comes back after a restart', { timeout: 60_000 }, async (t) => {
  const { child, url, port } = await start(t, 'recipes/dashboard/server.js', { INTERVAL: '50' });
  const page = await browser.newPage();
  t.after(() => page.close());
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  await page.getByText('live', { exact: true }).waitFor();
  const viewers = page.locator('section', { hasText: 'viewers' });
  await viewers.locator('output', { hasText: /^1$/ }).waitFor();
  // A line of more than one point.
  await page.locator('section', { hasText: 'memory' }).locator('polyline[points*=" "]').waitFor();

  const second = await browser.newPage();
  await second.goto(url);
  await viewers.locator('output', { hasText: /^2$/ }).waitFor();
  await second.close();
  await viewers.locator('output', { hasText: /^1$/ }).waitFor();

  child.kill('SIGKILL');
  await page.getByText(/^lost/).waitFor();
  await start(t, 'recipes/dashboard/server.js', { INTERVAL: '50', PORT: port });
  await page.getByText('live', { exact: true }).waitFor();
  await viewers.locator('output', { hasText: /^1$/ }).waitFor();
  assert.deepEqual(errors, []);
});
