'use strict';

// Configurations of other programs: they are read by a parser of their language, and what they name is there. nginx itself
// runs its blocks in interop/nginx.test.js.

const assert = require('node:assert/strict');
const test = require('node:test');
const yaml = require('js-yaml');
const { read, take } = require('./blocks');

test('JSON of the guides can be parsed', () => {
  for (const heading of ['The API of `ws`', 'In TypeScript'])
    for (const block of take('ws', heading, 'json')) assert.doesNotThrow(() => JSON.parse(block), block);
});

const DOCKERFILE = take('deployment', 'In Docker', 'dockerfile')[0];

/** @returns {string[][]} the instructions of a Dockerfile whose lines go on nowhere, each with its arguments */
const instructionsOf = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/));

test('the Dockerfile: an image whose Node.js runs the module, and instructions in an order that works', () => {
  const instructions = instructionsOf(DOCKERFILE);
  assert.deepEqual(
    instructions.map(([name]) => name),
    ['FROM', 'WORKDIR', 'COPY', 'RUN', 'COPY', 'USER', 'CMD'],
  );
  const [, image] = instructions[0];
  assert.ok(Number(/^node:(\d+)-slim$/.exec(image)[1]) >= 20, image);
  const [, ...command] = instructions.at(-1);
  assert.deepEqual(JSON.parse(command.join(' ')), ['node', 'server.js']);
});

test('the compose file: services that exist, and variables that the example reads', () => {
  const { services } = yaml.load(take('deployment', 'Several machines', 'yaml')[0]);
  const names = Object.keys(services);
  for (const [name, { build, depends_on: others = [], image }] of Object.entries(services)) {
    assert.ok((build === undefined) !== (image === undefined), name);
    assert.deepEqual(
      others.filter((other) => !names.includes(other)),
      [],
    );
  }
  const example = read('examples', 'several-machines', 'chat.js');
  for (const variable of Object.keys(services.chat.environment))
    assert.ok(example.includes(`process.env.${variable}`), variable);
  assert.ok(names.includes(new URL(services.chat.environment.REDIS_URL).hostname));
});

test('nginx: other tests run it', () => {
  for (const heading of ['Behind nginx', 'Several machines']) take('deployment', heading, 'nginx');
  const runs = read('__test__', 'interop', 'nginx.test.js');
  for (const heading of ['Behind nginx', 'Several machines'])
    assert.ok(runs.includes(`take('deployment', '${heading}', 'nginx')`), heading);
});
