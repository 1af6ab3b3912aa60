'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { Client } = require('../support/ws-client');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');

/** One HTTP server, and a Base for each of two paths; other requests are answered as HTTP. */
async function start(t, options = {}) {
  const bases = { '/chat': new Base(options.chat), '/feed': new Base(options.feed) };
  const server = http.createServer((_request, response) => response.end('plain http'));
  server.on('upgrade', (request, socket, head) => {
    socket.write(switchingProtocols(request));
    bases[request.url].assignSocket(socket, { head });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  t.after(() => {
    for (const base of Object.values(bases)) base.terminate(null);
    server.close();
  });
  const connect = async (path) => {
    const client = new Client(`ws://127.0.0.1:${port}${path}`);
    await client.opened;
    return client;
  };
  const hear = (base) => new Inbox(base, ['open', 'message', 'close']);
  const [chat, feed] = Object.values(bases);
  return { chat, feed, chatEvents: hear(chat), feedEvents: hear(feed), connect, port };
}

test('two Bases on one HTTP server, told apart by path', limit, async (t) => {
  const { chat, feed, chatEvents, feedEvents, connect, port } = await start(t);
  const [inChat, inFeed] = [await connect('/chat'), await connect('/feed')];
  const [[chatSid], [feedSid]] = [await chatEvents.next('open'), await feedEvents.next('open')];
  assert.deepEqual([chat.connections, feed.connections], [1, 1]);
  assert.notEqual(chatSid, feedSid);

  await inChat.send('hello chat');
  await inFeed.send('hello feed');
  assert.deepEqual(await chatEvents.next('message'), ['hello chat', chatSid]);
  assert.deepEqual(await feedEvents.next('message'), ['hello feed', feedSid]);

  chat.send('from chat');
  feed.send('from feed');
  assert.equal(await inChat.message(), 'from chat');
  assert.equal(await inFeed.message(), 'from feed');

  const [response] = await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response');
  assert.equal((await response.setEncoding('utf8').toArray()).join(''), 'plain http');
});

test('a sid of the other Base is a sid that nobody has', limit, async (t) => {
  const { chat, feed, feedEvents, connect } = await start(t);
  await connect('/chat');
  const inFeed = await connect('/feed');
  const [feedSid] = await feedEvents.next('open');
  chat.send(feedSid, 'astray');
  chat.ping(feedSid, 'astray');
  chat.close(feedSid, 'astray');
  chat.terminate(feedSid);
  assert.equal(chat.bufferedAmount(feedSid), 0);
  feed.send('untouched');
  assert.equal(await inFeed.message(), 'untouched');
  assert.deepEqual(inFeed.messages, ['untouched']);
});

test('close() and maxConnections of one leave the other alone', limit, async (t) => {
  const { chat, feed, chatEvents, feedEvents, connect } = await start(t, { chat: { maxConnections: 1 } });
  const feeds = [await connect('/feed'), await connect('/feed')];
  await connect('/chat');
  const last = await connect('/chat');
  await chatEvents.next('close');
  assert.deepEqual([chat.connections, feed.connections], [1, 2]);
  chat.close();
  assert.equal((await last.closed()).code, 1001);
  await chatEvents.next('close');
  assert.deepEqual([chat.connections, feed.connections], [0, 2]);
  feed.send('untouched');
  for (const client of feeds) assert.equal(await client.message(), 'untouched');
  assert.equal(feedEvents.list('close').length, 0);
});
