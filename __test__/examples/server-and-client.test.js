'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const path = require('node:path');
const test = require('node:test');
const start = require('./start');

const CLIENT = path.join(__dirname, '..', '..', 'examples', 'client', 'client.js');

/** The client example as a process of its own, and the lines that it says. */
function run(t, url) {
  const child = spawn(process.execPath, [CLIENT, url], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = [];
  let wake = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk) => {
      const whole = (rest + chunk).split('\n');
      rest = whole.pop();
      lines.push(...whole);
      wake();
    });
  }
  const exited = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  return {
    exited,
    end: () => child.stdin.end(),
    say: (line) => child.stdin.write(`${line}\n`),
    /** Resolves once it has said a line. */
    async says(line) {
      while (!lines.some((one) => one.startsWith(line)))
        await new Promise((resolve) => {
          wake = resolve;
        });
    },
  };
}

test('server and client: a room, its ticket, and the way out', { timeout: 30_000 }, async (t) => {
  const { child, url } = await start(t, 'server');
  const ada = run(t, `${url}?name=ada`);
  await ada.says('open: ');
  const grace = run(t, `${url}?name=grace`);
  await grace.says('open: ');
  await ada.says('grace has come');
  ada.say('hello');
  await grace.says('ada: hello');

  const nobody = run(t, url);
  await nobody.says('ERR_WS_UNEXPECTED_RESPONSE: The server has answered with status 403, Say who you are');
  nobody.end();
  assert.deepEqual(await nobody.exited, [0, null]);

  grace.end();
  await ada.says('grace has gone');
  assert.deepEqual(await grace.exited, [0, null]);

  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await ada.says('closed: 1001');
  assert.deepEqual(await gone, [0, null]);
  ada.end();
  assert.deepEqual(await ada.exited, [0, null]);
});
