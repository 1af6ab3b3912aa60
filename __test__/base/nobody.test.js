'use strict';

// Calls that can reach nobody: one warning of the process for each, whatever it is called with and however often.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { Base } = require('../..');

const SECRET = 'a message, not a sid';

/** @returns {Promise<Error>} the next warning of the process */
const warning = async () => (await once(process, 'warning'))[0];

for (const [call, swapped] of [
  ['send', [SECRET, 'x']],
  ['ping', [SECRET, 'x']],
  ['close', [SECRET]],
  ['terminate', [SECRET]],
  ['pause', [SECRET]],
  ['resume', [SECRET]],
]) {
  test(`${call}() of what is no sid warns once, by its name`, async () => {
    const base = new Base();
    const warned = [];
    const listen = (one) => warned.push(one);
    process.on('warning', listen);
    const first = warning();
    assert.equal(base[call](...swapped), base);
    const { name, code, message } = await first;
    assert.deepEqual([name, code], ['WebSocketWarning', 'WS_NO_SID']);
    assert.ok(message.startsWith(`${call}() `), message);
    assert.ok(!message.includes(SECRET), 'it may be a message');
    base[call](undefined, 'x');
    base[call]([undefined, 'x'], 'x');
    new Base()[call](undefined, 'x');
    const last = warning();
    process.emitWarning('the last one');
    await last;
    process.off('warning', listen);
    assert.equal(warned.length, 2);
  });
}

test('a sid that nobody has any more, or what is data, is no reason for a warning', async () => {
  const code = `
    const { Base } = require(${JSON.stringify(require.resolve('../..'))});
    process.on('warning', ({ message }) => console.log(message));
    new Base().send('${'s'.repeat(16)}', 'x').send('no sid').ping('no sid').send([], 'x').send(null, 'x').close();
    process.emitWarning('the only one');`;
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { env });
  assert.equal(stdout, 'the only one\n');
});
