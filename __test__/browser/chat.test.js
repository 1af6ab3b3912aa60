'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
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

  /** @returns {import('playwright-core').Locator} a person's row: it begins with the name; a sid may hold it, too */
  person(name, rest = '') {
    return this.people.getByRole('button', { name: new RegExp(`^${name}${rest}`) });
  }

  async join(name) {
    await this.page.getByLabel('Your name').fill(name);
    await this.button('Join').click();
    await this.person(name, '.*you').waitFor();
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

  /** What this page has said and the server has not yet, or never will: what the page says of it. */
  delivery(text) {
    return this.message(text).locator('.state');
  }
}

/** A way to the server that a test can cut, and on which it can have nothing come back. */
class Way {
  #sockets = new Set();
  #isCut = false;
  #isOneWay = false;

  static async open(t, port) {
    const way = new Way();
    const server = net.createServer((socket) => way.#take(socket, port));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      way.cut();
      server.close();
    });
    way.url = `http://127.0.0.1:${server.address().port}`;
    return way;
  }

  #take(socket, port) {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const onward = net.connect(port, '127.0.0.1');
    for (const one of [socket, onward]) {
      this.#sockets.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          this.#sockets.delete(one);
          socket.destroy();
          onward.destroy();
        });
    }
    socket.pipe(onward);
    onward.on('data', (data) => this.#isOneWay || socket.write(data));
  }

  oneWay() {
    this.#isOneWay = true;
  }

  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#isCut = false;
    this.#isOneWay = false;
  }
}

/** Tabs that have joined under these names, and see each other; each at a URL of its own, if there are several. */
async function joined(t, urls, ...names) {
  const tabs = [];
  for (const [i, name] of names.entries()) {
    const tab = await Tab.open(t, Array.isArray(urls) ? urls[i] : urls);
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

/** Ada, whose way to the server can be cut, and Grace. */
async function apart(t) {
  const { url, port } = await start(t, 'chat');
  const way = await Way.open(t, port);
  const [ada, grace] = await joined(t, [way.url, url], 'Ada', 'Grace');
  const lose = async () => {
    way.cut();
    await ada.status.getByText('Reconnecting').waitFor();
  };
  const comeBack = async () => {
    way.mend();
    await ada.status.getByText('Connected', { exact: true }).waitFor();
  };
  return { ada, grace, way, lose, comeBack };
}

/** What a tab shows of the messages whose text begins so, in order. */
const texts = (tab, beginning) => tab.log.locator('.text', { hasText: beginning }).allTextContents();

test('what is written while the connection is lost waits, and is sent when it is back', async (t) => {
  const { ada, grace, lose, comeBack } = await apart(t);
  await lose();
  await ada.page.getByText('There is no connection. What you write now is sent when it is back.').waitFor();
  await ada.say('Later: one');
  await ada.say('Later: two');
  await ada.person('Grace').click();
  await ada.say('Later: a secret');
  for (const text of ['one', 'two', 'a secret'])
    await ada.delivery(`Later: ${text}`).getByText('Not sent yet').waitFor();
  assert.deepEqual(await texts(grace, 'Later'), []);

  await comeBack();
  await grace.message('Later: a secret').getByText('privately to you').waitFor();
  await ada.delivery('Later').waitFor({ state: 'detached' });
  for (const tab of [ada, grace]) {
    assert.deepEqual(await texts(tab, 'Later'), ['Later: one', 'Later: two', 'Later: a secret']);
    assert.equal(await tab.message('Later').locator('time').count(), 3);
  }
});

test('what may have arrived before the connection was lost is said again, and shown once', async (t) => {
  const { ada, grace, way, lose, comeBack } = await apart(t);
  way.oneWay();
  await ada.say('Heard?');
  await grace.hears('Heard?');
  await ada.delivery('Heard?').getByText('Sending…').waitFor();
  await lose();
  await ada.delivery('Heard?').getByText('Not sent yet').waitFor();
  await comeBack();
  await ada.delivery('Heard?').waitFor({ state: 'detached' });
  await ada.say('Yes');
  await grace.hears('Yes'); // sent after it: had it been shown again, it would be there by now
  for (const tab of [ada, grace]) assert.deepEqual(await texts(tab, 'Heard?'), ['Heard?']);
});

test('what was for one who has left meanwhile is not sent, and says so', async (t) => {
  const { ada, grace, lose, comeBack } = await apart(t);
  await ada.person('Grace').click();
  await lose();
  await ada.say('For Grace alone');
  await grace.button('Leave').click();
  await comeBack();
  await ada.delivery('For Grace alone').getByText('Not sent. That person has left.').waitFor();
  await ada.button('Leave').click();
  assert.deepEqual(await texts(grace, 'For Grace'), []);
});

test('whoever leaves reads what was not sent, and what may not have arrived', async (t) => {
  const { ada, grace, way, lose } = await apart(t);
  way.oneWay();
  await ada.say('Was sent');
  await grace.hears('Was sent');
  await lose();
  await ada.say('Was written');
  await ada.button('Leave').click();
  await ada.button('Join').waitFor();
  // The log is hidden by now.
  assert.deepEqual(await ada.page.locator('#log .state').allTextContents(), [
    'It may not have arrived. You have left.',
    'Not sent. You have left.',
  ]);
});

test('no more than 50 messages wait', async (t) => {
  const { ada, lose, comeBack } = await apart(t);
  await lose();
  await ada.page.evaluate(() => {
    for (let i = 0; i < 51; i += 1) {
      document.querySelector('#text').value = `Number ${i}`;
      document.querySelector('#say').requestSubmit();
    }
  });
  await ada.page.getByText('no more messages can wait for it').waitFor();
  assert.equal(await ada.button('Send').isDisabled(), true);
  assert.equal((await texts(ada, 'Number')).length, 50);
  assert.equal(await ada.page.getByRole('textbox', { name: 'Message' }).inputValue(), 'Number 50');
  await comeBack();
  await ada.delivery('Number').first().waitFor({ state: 'detached' });
  await ada.button('Send').click();
  await ada.hears('Number 50');
});
