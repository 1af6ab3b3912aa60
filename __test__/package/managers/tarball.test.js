'use strict';

// Each package manager installs the module from the tarball of `npm run package`, beside a registry that has nothing.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { App, documented, limit } = require('./app');
const { DENO, MANAGERS } = require('./catalog');
const { registry } = require('../support/registry');

for (const manager of MANAGERS) {
  test(`${manager.title} installs its tarball, and by its lock file`, limit, async (t) => {
    const { url, asked } = await registry(t, [], () => false);
    const app = new App(t, manager, url);
    await app.install(documented(/\.tgz/)[manager.program]);
    // What there is on a registry under the name is not ours, and nobody looks for it.
    assert.deepEqual(
      asked.filter((place) => /websockets/.test(place)),
      [],
    );
  });
}

test('Deno runs an app into which npm has installed the tarball', limit, async (t) => {
  const { url } = await registry(t, [], () => false);
  const npm = MANAGERS.find(({ program }) => program === 'npm');
  const app = new App(t, npm, url);
  await app.install(documented(/\.tgz/).npm);
  assert.equal(documented(/\.tgz/).deno, undefined);
  app.manager = DENO;
  await app.echo();
});
