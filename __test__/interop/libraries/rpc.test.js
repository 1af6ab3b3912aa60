'use strict';

// Remote calls and subscriptions over ws.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { createTRPCClient, createWSClient, wsLink } = require('@trpc/client');
const { initTRPC } = require('@trpc/server');
const { applyWSSHandler } = require('@trpc/server/adapters/ws');
const { WebSocketProvider } = require('ethers');
const { GraphQLObjectType, GraphQLSchema, GraphQLString, execute, parse, subscribe } = require('graphql');
const { createClient } = require('graphql-ws');
const { useServer } = require('graphql-ws/use/ws');
const { Client: RpcClient, Server: RpcServer } = require('rpc-websockets');
const { SubscriptionClient, SubscriptionServer } = require('subscriptions-transport-ws');
const { limit } = require('../../support/server');
const { WebSocket, WebSocketServer, assertOurs, serve } = require('./place');

const type = GraphQLString;
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type, resolve: () => 'world' } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      greetings: {
        type,
        async *subscribe() {
          for (const greetings of ['Hi', 'Bonjour']) yield { greetings };
        },
      },
    },
  }),
});

test('graphql-ws: a query and a subscription', limit, async (t) => {
  const { server, url } = await serve(t);
  const connected = once(server, 'connection');
  const disposable = useServer({ schema }, server);
  t.after(() => disposable.dispose());
  const client = createClient({ url, webSocketImpl: WebSocket });
  const answers = [];
  for await (const { data } of client.iterate({ query: '{ hello }' })) answers.push(data.hello);
  for await (const { data } of client.iterate({ query: 'subscription { greetings }' })) answers.push(data.greetings);
  assert.deepEqual(answers, ['world', 'Hi', 'Bonjour']);
  const [webSocket] = await connected;
  assertOurs(webSocket);
  await client.dispose();
});

test('subscriptions-transport-ws: a subscription', limit, async (t) => {
  const { server, url } = await serve(t, { handleProtocols: () => 'graphql-ws' });
  const subscriptions = SubscriptionServer.create({ schema, execute, subscribe }, server);
  const client = new SubscriptionClient(url, {}, WebSocket);
  const [webSocket] = await once(server, 'connection');
  assertOurs(webSocket);
  const answers = [];
  await new Promise((complete, error) => {
    const next = ({ data }) => answers.push(data.greetings);
    client.request({ query: parse('subscription { greetings }') }).subscribe({ next, error, complete });
  });
  assert.deepEqual(answers, ['Hi', 'Bonjour']);
  const closed = once(webSocket, 'close');
  client.close();
  await closed;
  subscriptions.close();
});

test('tRPC: a query, a mutation and a subscription', limit, async (t) => {
  const { server, url } = await serve(t);
  const { procedure, router } = initTRPC.create();
  let last = '';
  const app = router({
    last: procedure.query(() => last),
    say: procedure
      .input((value) => value)
      .mutation(({ input }) => {
        last = input;
        return 'said';
      }),
    count: procedure.subscription(async function* () {
      for (let i = 1; i <= 3; i++) yield i;
    }),
  });
  applyWSSHandler({ wss: server, router: app });
  const connected = once(server, 'connection');
  const wsClient = createWSClient({ url, WebSocket });
  const client = createTRPCClient({ links: [wsLink({ client: wsClient })] });
  assert.equal(await client.say.mutate('hello'), 'said');
  assert.equal(await client.last.query(), 'hello');
  const counted = [];
  await new Promise((onComplete, onError) => {
    client.count.subscribe(undefined, { onData: (data) => counted.push(data), onComplete, onError });
  });
  assert.deepEqual(counted, [1, 2, 3]);
  const [webSocket] = await connected;
  assertOurs(webSocket);
  const closed = once(webSocket, 'close');
  await wsClient.close();
  await closed;
});

test('rpc-websockets: a call and a notification', limit, async (t) => {
  const server = new RpcServer({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  await once(server, 'listening');
  assertOurs(server.wss, WebSocketServer);
  server.register('sum', ([first, second]) => first + second);
  server.event('news');
  const client = new RpcClient(`ws://127.0.0.1:${server.wss.address().port}`, { reconnect: false });
  const connected = once(server, 'connection');
  await once(client, 'open');
  const [webSocket] = await connected;
  assertOurs(webSocket);
  assert.equal(await client.call('sum', [5, 3]), 8);
  await client.subscribe('news');
  const heard = once(client, 'news');
  server.emit('news', 'it rains');
  assert.deepEqual(await heard, ['it rains']);
  const closed = once(client, 'close');
  client.close();
  await closed;
});

test('ethers: a provider asks a node', limit, async (t) => {
  const { server, url } = await serve(t);
  const results = { eth_chainId: '0x539', eth_blockNumber: '0x2a' };
  server.on('connection', (webSocket) => {
    webSocket.on('message', (data) => {
      const { id, method } = JSON.parse(data);
      webSocket.send(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] }));
    });
  });
  const connected = once(server, 'connection');
  const provider = new WebSocketProvider(url);
  assertOurs(provider.websocket);
  const [webSocket] = await connected;
  assert.equal(await provider.getBlockNumber(), 42);
  const closed = once(webSocket, 'close');
  await provider.destroy();
  assert.deepEqual(await closed, [1005, Buffer.alloc(0)]);
});
