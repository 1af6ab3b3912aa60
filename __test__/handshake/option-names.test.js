'use strict';

// Options that are none: those of other libraries are errors that say what to use, others a warning.

const assert = require('node:assert/strict');
const http = require('node:http');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { Base, Client, Server, Upgrade } = require('../..');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

const req = Object.assign(new http.IncomingMessage(null), { rawHeaders: [] });
const handle = (options) => Upgrade.handleUpgradeRequest(req, new PassThrough(), options);
const create = (options) =>
  Upgrade.createUpgradeRequest('ws://localhost:1', { signal: AbortSignal.abort(), ...options });
const open = (options) => new Client().open('ws://localhost:1', { signal: AbortSignal.abort(), ...options });

test('a name of another library for what we have is an error that says what that is here', () => {
  for (const [take, name, use] of [
    [(options) => new Server(options), 'port', 'server.listen(port)'],
    [(options) => new Server(options), 'host', 'server.listen(port, host)'],
    [(options) => new Server(options), 'server', 'server.listen(httpServer)'],
    [(options) => new Server(options), 'path', '"url"'],
    [(options) => new Server(options), 'noServer', 'Upgrade.handleUpgradeRequest'],
    [(options) => new Server(options), 'origin', '"origins"'],
    [(options) => new Server(options), 'verifyClient', '"shouldAccept"'],
    [(options) => new Server(options), 'handleProtocols', '"protocols"'],
    [(options) => new Server(options), 'clientTracking', 'server.sockets'],
    [handle, 'verifyClient', '"shouldAccept"'],
    [(options) => new Client(options), 'followRedirects', '"maxRedirects"'],
    [(options) => new Client(options), 'origins', '"origin"'],
    [open, 'protocol', '"protocols"'],
    [create, 'port', 'url'],
  ]) {
    assert.throws(
      () => take({ [name]: 1 }),
      (error) =>
        error.code === 'ERR_INVALID_ARG_TYPE' && error.message.includes(`"${name}"`) && error.message.includes(use),
      name,
    );
    take({ [name]: undefined }); // not given
  }
});

test('any other unknown name is one warning, with the nearest that is known; Base ignores it', limit, async () => {
  const warnings = new Inbox(process, ['warning']);
  for (let times = 0; times < 2; times++) {
    new Base({ maxPayLoad: 1, port: 1 });
    new Server({ maxPayLoad: 1 });
    new Server({ originz: ['https://a'] });
    new Server({ room: 'blue' });
    new Client({ reconnects: true });
    open({ handshakeTimeouts: 1 });
    create({ maxRedirect: 1 });
    handle({ protocolz: [] });
  }
  await new Promise(setImmediate);
  assert.deepEqual(
    warnings.list('warning').map(([{ message }]) => message),
    [
      'a Server has no option "maxPayLoad". Did you mean "maxPayload"?',
      'a Server has no option "originz". Did you mean "origins"?',
      'a Server has no option "room"',
      'a Client has no option "reconnects". Did you mean "reconnect"?',
      'client.open has no option "handshakeTimeouts". Did you mean "handshakeTimeout"?',
      'createUpgradeRequest has no option "maxRedirect". Did you mean "maxRedirects"?',
      'handleUpgradeRequest has no option "protocolz". Did you mean "protocols"?',
    ],
  );
});

test('an origin that no browser sends is an error that shows the right form', () => {
  for (const [origin, form] of [
    ['https://app.example/', "'https://app.example'"],
    ['https://app.example/chat', "'https://app.example'"],
    ['https://app.example:443', "'https://app.example'"],
    ['HTTPS://App.Example', "'https://app.example'"],
    ['http://app.example:80', "'http://app.example'"],
    ['https://user@app.example', "'https://app.example'"],
    ['https://grüße.example', "'https://xn--gre-6ka8l.example'"],
    ['app.example', "'https://app.example'"],
    ['localhost:3000', "'https://localhost:3000'"],
    ['//app.example', "'https://app.example'"],
    ['', "'https://app.example'"],
    ['*', 'left out'],
  ]) {
    for (const origins of [origin, [/x/, origin]]) {
      assert.throws(
        () => new Server({ origins }),
        (error) =>
          error.code === 'ERR_INVALID_ARG_TYPE' && error.message.includes('"origins"') && error.message.includes(form),
        origin,
      );
      assert.throws(() => handle({ origins }), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  }
  const right = ['https://app.example', 'http://localhost:3000', 'http://[::1]:8080', 'null', 'file://'];
  new Server({ origins: [...right, 'chrome-extension://abcdef', 'capacitor://localhost', 'app://.', /^https:/] });
});
