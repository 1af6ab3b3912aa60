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

/**
 * The chat page in a tab of its own, in the words of whoever looks at it. An error on the page, or
 * anything the page's content policy had to stop, fails the test.
 */
class Tab {
  static async open(t, url) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const tab = new Tab(page);
    page.on('pageerror', (error) => tab.errors.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) tab.errors.push(message.text());
    });
    await page.goto(url);
    return tab;
  }

  constructor(page) {
    this.page = page;
    this.errors = [];
    this.people = page.getByRole('list', { name: 'Who gets your messages' });
    this.log = page.getByRole('log', { name: 'Messages' });
    this.status = page.locator('#status');
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  /** @returns {import('playwright-core').Locator} a person's row, by what it says */
  person(name) {
    return this.people.getByRole('button', { name });
  }

  async join(name) {
    await this.page.getByLabel('Your name').fill(name);
    await this.button('Join').click();
    await this.person(new RegExp(`${name}.*you`)).waitFor();
  }

  async say(text) {
    await this.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await this.button('Send').click();
  }

  /** @returns {import('playwright-core').Locator} a message in the log */
  message(text) {
    return this.log.getByRole('listitem').filter({ hasText: text });
  }

  async hears(text) {
    await this.message(text).waitFor();
  }
}

/** Tabs that have joined under these names, and see each other. */
async function joined(t, url, ...names) {
  const tabs = [];
  for (const name of names) {
    const tab = await Tab.open(t, url);
    await tab.join(name);
    tabs.push(tab);
  }
  for (const tab of tabs) {
    for (const name of names) await tab.person(name).waitFor();
  }
  t.after(() =>
    assert.deepEqual(
      tabs.flatMap((tab) => tab.errors),
      [],
    ),
  );
  return tabs;
}

test('two tabs see each other and talk', async (t) => {
  const { url } = await start(t, 'chat');
  const [ada, grace] = await joined(t, url, 'Ada', 'Grace');

  await ada.say('Hello, <b>all</b>');
  for (const tab of [ada, grace]) {
    await tab.hears('Hello, <b>all</b>'); // as it was typed: text, not HTML
    assert.equal(await tab.message('Hello').getByText('privately').count(), 0);
  }
  await grace.page.getByRole('textbox', { name: 'Message' }).fill('By the key');
  await grace.page.keyboard.press('Enter');
  await ada.hears('By the key');
});

test('a private message is seen by its addressee alone, and looks private', async (t) => {
  const { url } = await start(t, 'chat');
  const [ada, grace, hedy] = await joined(t, url, 'Ada', 'Grace', 'Hedy');

  await ada.person('Grace').click();
  await ada.say('A secret');
  await grace.message('A secret').getByText('privately to you').waitFor();
  await ada.message('A secret').getByText('privately to Grace').waitFor();

  await ada.button('Write to everyone').click();
  await ada.say('No secret');
  await hedy.hears('No secret'); // sent after the secret: had that been for Hedy, it would be here by now
  assert.equal(await hedy.message('A secret').count(), 0);
});

test('ping shows a round-trip time, to me and in the lists', async (t) => {
  const { url } = await start(t, 'chat');
  const [ada, grace] = await joined(t, url, 'Ada', 'Grace');

  await ada.button('Ping').click();
  await ada.page
    .locator('#own-rtt')
    .getByText(/^\d+\.\d ms$/)
    .waitFor();
  await grace
    .person('Ada')
    .getByText(/^\d+\.\d ms$/)
    .waitFor();
});

test('leaving, coming back and closing the tab are seen by the others', async (t) => {
  const { url } = await start(t, 'chat');
  const [ada, grace] = await joined(t, url, 'Ada', 'Grace');

  await grace.button('Leave').click();
  await grace.button('Join').waitFor();
  await ada.hears('Grace has left.');
  await ada.person('Grace').waitFor({ state: 'detached' });

  await grace.join('Grace');
  await ada.message('Grace has joined.').nth(1).waitFor();
  await ada.person('Grace').waitFor();

  await ada.person('Grace').click();
  await grace.page.close();
  await ada.person('Grace').waitFor({ state: 'detached' });
  await ada.message('Grace has left.').nth(1).waitFor();
  assert.equal(await ada.button('Send').isDisabled(), true, 'what was for Grace must not go to everyone');
});

test('a tab comes back by itself when the server does', async (t) => {
  const { child, url, port } = await start(t, 'chat');
  const [ada] = await joined(t, url, 'Ada');

  child.kill('SIGKILL');
  await ada.status.getByText('Reconnecting').waitFor();
  await start(t, 'chat', { PORT: port });
  await ada.status.getByText('Connected', { exact: true }).waitFor();
  await ada.say('Still here');
  await ada.hears('Still here');
});
