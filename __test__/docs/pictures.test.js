'use strict';

// The pictures of docs/internals are what their sources say.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { FOLDER, draw } = require('../../scripts/lib/pictures');
const root = require('../../scripts/lib/root');

test('`npm run pictures` has nothing to draw again', async () => {
  const drawn = await draw();
  assert.ok(drawn.size >= 4, 'two pictures, for light and for dark pages');
  const kept = fs.readdirSync(path.join(root, FOLDER)).filter((file) => file.endsWith('.svg'));
  assert.deepEqual(kept.map((file) => `${FOLDER}/${file}`).sort(), [...drawn.keys()].sort());
  for (const [file, svg] of drawn) {
    assert.equal(fs.readFileSync(path.join(root, file), 'utf8').replaceAll('\r\n', '\n'), svg, file);
  }
});
