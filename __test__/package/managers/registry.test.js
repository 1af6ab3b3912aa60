'use strict';

// Each package manager installs the module from a registry that has all that a release publishes.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { App, documented, limit } = require('./app');
const { DENO, MANAGERS } = require('./catalog');
const { released } = require('../support/project');
const { registry } = require('../support/registry');
const { version } = require('../../../package.json');

for (const manager of [...MANAGERS, DENO]) {
  test(`${manager.title} installs it from a registry, and by its lock file`, limit, async (t) => {
    const { url } = await registry(t, released());
    const app = new App(t, manager, url);
    await app.install(documented(/@npm:/)[manager.program]);
    if (!manager.npx) return;
    // The registry has no package of that name.
    assert.equal(await app.succeed([...manager.npx(), 'websockets', '--version']), `${version}\n`);
  });
}
