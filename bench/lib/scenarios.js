'use strict';

// What is measured. `load` becomes the generator's arguments; `text` says that a peer which gives bytes
// has to decode them; `needs` names what a server must be able to do; `role` is what it does with a message, where that
// is another thing than the load's name says.

const KIB = 1024;
const echo = (connections, inFlight, size, payload) => ({ scenario: 'echo', connections, inFlight, size, payload });
const broadcast = (connections, inFlight) => ({
  scenario: 'broadcast',
  connections,
  inFlight,
  size: 64,
  payload: 'ascii',
});

const topics = (groups, connections) => ({
  scenario: 'topics',
  groups,
  connections,
  inFlight: 1,
  size: 64,
  payload: 'ascii',
});

/**
 * @typedef {{ name: string, title: string, load: Record<string, unknown>, text?: boolean,
 *   needs?: 'tls' | 'deflate' | 'topics', role?: 'others' }} Scenario
 */

/** @type {Scenario[]} */
module.exports = [
  {
    name: 'echo-64x1',
    title: '64 B text echo, 64 connections × 1 in flight',
    load: echo(64, 1, 64, 'ascii'),
    text: true,
  },
  {
    name: 'echo-64x16',
    title: '64 B text echo, 64 connections × 16 in flight',
    load: echo(64, 16, 64, 'ascii'),
    text: true,
  },
  { name: 'echo-1x1', title: '64 B text echo, 1 connection × 1 in flight', load: echo(1, 1, 64, 'ascii'), text: true },
  {
    name: 'echo-2000x1',
    title: '64 B text echo, 2,000 connections × 1 in flight',
    load: echo(2000, 1, 64, 'ascii'),
    text: true,
  },
  ...[1, 4, 16].map((count) => ({
    name: `paced-${count}`,
    title: `64 B text echo, ${count} each 2 ms, 64 connections in turn`,
    load: { ...echo(64, count, 64, 'ascii'), every: 0.002 },
    text: true,
  })),
  { name: 'echo-utf8', title: '1 KiB non-ASCII text echo, 64 × 1', load: echo(64, 1, KIB, 'utf8'), text: true },
  { name: 'echo-16k', title: '16 KiB binary echo, 64 × 1', load: echo(64, 1, 16 * KIB, 'binary') },
  { name: 'echo-1m', title: '1 MiB binary echo, 8 × 1', load: echo(8, 1, KIB * KIB, 'binary') },
  {
    name: 'echo-deflate',
    title: '1 KiB JSON echo with permessage-deflate, 64 × 1',
    load: { ...echo(64, 1, KIB, 'json'), deflate: true },
    text: true,
    needs: 'deflate',
  },
  { name: 'broadcast-10', title: '64 B broadcast to 10, one outstanding', load: broadcast(10, 1) },
  { name: 'broadcast-100', title: '64 B broadcast to 100, one outstanding', load: broadcast(100, 1) },
  { name: 'broadcast-500', title: '64 B broadcast to 500, one outstanding', load: broadcast(500, 1) },
  { name: 'broadcast-1000', title: '64 B broadcast to 1,000, one outstanding', load: broadcast(1000, 1) },
  { name: 'broadcast-1000x8', title: '64 B broadcast to 1,000, eight outstanding', load: broadcast(1000, 8) },
  { name: 'broadcast-5000', title: '64 B broadcast to 5,000, one outstanding', load: broadcast(5000, 1) },
  {
    name: 'others-5000',
    title: '64 B to 5,000, one outstanding: to all but the sender, and to the sender by itself',
    load: broadcast(5000, 1),
    needs: 'topics',
    role: 'others',
  },
  { name: 'broadcast-10000', title: '64 B broadcast to 10,000, one outstanding', load: broadcast(10_000, 1) },
  { name: 'broadcast-10000x8', title: '64 B broadcast to 10,000, eight outstanding', load: broadcast(10_000, 8) },
  ...[
    [1, 10],
    [1, 100],
    [1, 1000],
    [1, 10_000],
    [100, 1000],
    [10, 1000],
  ].map(([groups, connections]) => ({
    name: groups === 1 ? `topic-${connections}` : `topics-${groups}x${connections / groups}`,
    title: `64 B published to ${connections / groups} subscribers, ${groups === 1 ? 'one topic' : `${groups} topics`}`,
    load: topics(groups, connections),
    needs: /** @type {const} */ ('topics'),
  })),
  {
    name: 'idle',
    title: '10,000 idle connections, beside 5,000 others',
    load: { ...echo(10_000, 1, 64, 'ascii'), scenario: 'idle' },
  },
  {
    name: 'idle-deflate',
    title: '500 idle connections with permessage-deflate, each after 50 messages of 1 KiB; beside 250 others',
    load: { ...echo(500, 1, KIB, 'json'), scenario: 'idle', messages: 50, deflate: true },
    text: true,
    needs: 'deflate',
  },
  {
    name: 'churn',
    title: 'Churn: upgrade, one echo, clean close; 64 at once',
    load: { ...echo(64, 1, 64, 'ascii'), scenario: 'churn' },
  },
  {
    name: 'churn-wss',
    title: 'Churn over wss, whose sessions go on',
    load: { ...echo(64, 1, 64, 'ascii'), scenario: 'churn', tls: true },
    needs: 'tls',
  },
  {
    name: 'idle-wss',
    title: '2,000 idle connections over wss, beside 1,000 others',
    load: { ...echo(2000, 1, 64, 'ascii'), scenario: 'idle', tls: true },
    needs: 'tls',
  },
  {
    name: 'wss-64x1',
    title: '64 B text echo over wss, 64 × 1',
    load: { ...echo(64, 1, 64, 'ascii'), tls: true },
    text: true,
    needs: 'tls',
  },
  {
    name: 'wss-16k',
    title: '16 KiB binary echo over wss, 64 × 1',
    load: { ...echo(64, 1, 16 * KIB, 'binary'), tls: true },
    needs: 'tls',
  },
  {
    name: 'wss-1m',
    title: '1 MiB binary echo over wss, 8 × 1',
    load: { ...echo(8, 1, KIB * KIB, 'binary'), tls: true },
    needs: 'tls',
  },
  {
    name: 'wss-64x16',
    title: '64 B text echo over wss, 64 × 16',
    load: { ...echo(64, 16, 64, 'ascii'), tls: true },
    text: true,
    needs: 'tls',
  },
];
