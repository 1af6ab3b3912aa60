// A CommonJS consumer: compiled, never run.

import * as diagnostics from 'node:diagnostics_channel';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { PassThrough, Stream } from 'node:stream';
import * as tls from 'node:tls';
import * as util from 'node:util';
import type {
  BackplaneError,
  BaseEvents,
  BaseOptions,
  ClientEvents,
  CloseMessage,
  Connection,
  ErrorMessage,
  Extension,
  ExtensionError,
  FrameErrorCode,
  HandshakeError,
  MessageMessage,
  PeerError,
  ServerEvents,
  Stats,
  UpgradeRequest,
  WebSocketError,
  WebSocketErrorCode,
} from 'websockets';
import { acceptKey, Base, Client, Frame, Server, Upgrade } from 'websockets';
import { Server as EngineServer } from 'websockets/engine.io';

import websockets = require('websockets');

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only where the type of its argument is exactly `T`. */
declare function is<T>(): <V>(value: V, same: Same<V, T>) => void;

// Entry

is<websockets.Base>()(new websockets.Base(), true);
is<string>()(websockets.acceptKey('key'), true);
// @ts-expect-error: a header may be missing
acceptKey(undefined);

// Options

const options: BaseOptions = {
  mask: false,
  url: 'ws://localhost:3000',
  timeout: 0,
  maxConnections: Infinity,
  maxPayload: 1024,
  maxFragments: 16,
  maxControlFrames: Infinity,
  maxMessages: { perSecond: 50, burst: 200, action: 'pause' },
  maxBufferedAmount: Infinity,
  fragment: 32_768,
  closeTimeout: 1000,
  pingInterval: 30_000,
  enforceMasking: undefined,
  perMessageDeflate: {
    threshold: 0,
    level: 1,
    memoryLimit: Infinity,
    serverNoContextTakeover: true,
    clientMaxWindowBits: 9,
  },
};
const base = new Base(options);
new Base();
new Base({ url: new URL('ws://localhost') });
Base();
// @ts-expect-error: the name is wrong
new Base({ maxPayloads: 1 });
// @ts-expect-error: the type is wrong
new Base({ timeout: '1s' });
new Base({ perMessageDeflate: true });
// @ts-expect-error: so is the name of this setting
new Base({ perMessageDeflate: { windowBits: 9 } });

// Events

base
  .on('open', (sid) => is<string>()(sid, true))
  .on('message', (text, sid) => {
    is<string>()(text, true);
    is<string>()(sid, true);
  })
  .on('binary', (data, sid) => {
    data.readUInt8(0);
    is<string>()(sid, true);
  })
  .on('close', (reason, sid, code, wasClean) => {
    is<string>()(reason, true);
    is<string>()(sid, true);
    is<number>()(code, true);
    is<boolean>()(wasClean, true);
  })
  .on('error', (error) => {
    is<WebSocketError>()(error, true);
    is<string | undefined>()(error.sid, true);
    is<number | undefined>()(error.closeCode, true);
    is<string>()(error.message, true);
    if (error.sid === undefined) {
      is<BackplaneError>()(error, true);
      is<'ERR_WS_BACKPLANE'>()(error.code, true);
      is<unknown>()(error.cause, true);
      return;
    }
    is<PeerError | ExtensionError>()(error, true);
    is<string>()(error.sid, true);
    if (error.closeCode === undefined) {
      // An extension's, with any code.
      is<ExtensionError>()(error, true);
      is<string>()(error.code, true);
      return;
    }
    is<PeerError>()(error, true);
    is<WebSocketErrorCode | 'ERR_WS_EXTENSION'>()(error.code, true);
    is<number>()(error.closeCode, true);
    // @ts-expect-error: there is no such code
    if (error.code === 'WS_ERR_UNHEARD_OF') return;
  })
  .on('drain', (sid) => is<string>()(sid, true));
base.on('error', (error) => {
  // An extension may give its error any code, so a code alone leaves the sid open.
  if (error.code === 'WS_ERR_INVALID_UTF8') is<string>()(error.sid, true);
  if (error.code === 'ERR_WS_BACKPLANE') is<string | undefined>()(error.sid, true);
  // @ts-expect-error: an error of the backplane is about no connection
  base.terminate(error.sid);
});

base.once('ping', (text, sid) => is<string>()(text + sid, true));
base.addListener('pong', (text, _sid, data) => is<string>()(text + data.toString('hex'), true));
base.prependListener('message', (text) => is<string>()(text, true));
base.prependOnceListener('close', (_reason, _sid, code) => is<number>()(code, true));
const listener = (text: string): void => void text;
base.off('message', listener).removeListener('message', listener);
is<boolean>()(base.emit('message', 'text', 'sid'), true);
base.on('error', (error: Error) => void error);
for (const name of ['open', 'drain'] as const) base.on(name, (sid) => is<string>()(sid, true));
// @ts-expect-error: the payload comes first, and it is a string
base.on('message', (sid: number) => sid);
// @ts-expect-error: the sid is missing
base.emit('message', 'text');
// @ts-expect-error: a listener is a function
base.on('message', 'listener');

// Other events are those of a subclass

base.on('joined', (...args) => is<any[]>()(args, true));
base.emit('joined', 1, 2, 3);
const name: string = 'any';
base.on(name, () => {}).once(Symbol('any'), () => {});
const emitter: import('node:events').EventEmitter = base;
emitter.on('message', () => {});

// Methods

declare const maybe: string | undefined;
is<Base>()(base.send('text'), true);
base
  .send(Buffer.from('x'))
  .send(new Uint8Array(1))
  .send(new DataView(new ArrayBuffer(1)));
base.send(new ArrayBuffer(1));
base.send('sid', 'text').send(['sid'], 'text').send(null, 'text', { compress: false });
base.send(['sid'] as const, new Float64Array(1));
// @ts-expect-error: whether to compress is a boolean
base.send('sid', 'text', { compress: 1 });
// @ts-expect-error: a look-up that failed must not become a broadcast
base.send(maybe, 'text');
// @ts-expect-error: nothing to send
base.send();
// @ts-expect-error: no number
base.send(5);
// @ts-expect-error: nothing to send
base.send('sid', undefined);

base.ping().ping('data').ping(Buffer.alloc(1)).ping(['sid']).ping(null);
base.ping('sid', 'data').ping(['sid'], new Uint8Array(1)).ping(null, 'data');
// @ts-expect-error: an explicit undefined
base.ping(undefined);
// @ts-expect-error: an explicit undefined
base.ping('sid', undefined);

base.close().close('sid').close(['sid'], 'reason').close(null, 4000).close('sid', 4000, 'reason');
base.close('sid', Buffer.from('reason')).close('sid', undefined).close('sid', 1000, null);
// @ts-expect-error: an explicit undefined
base.close(undefined);
// @ts-expect-error: the code comes before the reason
base.close('sid', 'reason', 4000);

base.terminate('sid').terminate(['sid']).terminate(null);
// @ts-expect-error: whom?
base.terminate();

is<number>()(base.bufferedAmount('sid'), true);
base.pause('sid').resume(['sid']).pause(null);
is<Stats>()(base.stats(), true);
is<number>()(base.stats().ioThreads, true);

is<AsyncIterableIterator<[text: string, sid: string]>>()(base.messages(), true);
base
  .subscribe('sid', 'topic')
  .subscribe(['sid'], ['a', 'b'] as const)
  .subscribe(null, 'topic');
base.unsubscribe('sid').unsubscribe(null, 'topic').unsubscribe(['sid'], ['a', 'b']);
is<number>()(base.publish('topic', 'data'), true);
is<number>()(
  base.publish('topic', Buffer.alloc(1), { except: 'sid', compress: false, fragment: 1, local: true }),
  true,
);
base.publish('topic', 'data', { except: ['sid'] as const, volatile: true });
base.send(null, 'data', { except: ['sid'] }).send('sid', 'data', { except: undefined });
is<string[]>()(base.subscribers('topic'), true);
is<string[]>()(base.topics().concat(base.topics('sid'), base.topics(null)), true);
is<string[]>()(base.sockets['sid']?.subscribe('a').subscribe(['b']).unsubscribe('a').unsubscribe().topics ?? [], true);
// @ts-expect-error it takes one topic
base.publish(['a', 'b'], 'data');
// @ts-expect-error nobody is left out by null
base.publish('topic', 'data', { except: null });
// @ts-expect-error it is a topic's alone
base.send(null, 'data', { volatile: true });

is<AsyncIterableIterator<[data: string | Buffer, sid: string]>>()(base.messages({ binary: true, sid: ['sid'] }), true);
base.messages({ sid: null, signal: AbortSignal.timeout(1), highWaterMark: Infinity, binary: false });
// @ts-expect-error: a number of bytes
base.messages({ highWaterMark: '1' });
is<Promise<void>>()(base[Symbol.asyncDispose](), true);
diagnostics.channel('websockets:message').subscribe((message) => {
  const { base: from, data, isBinary } = message as MessageMessage;
  is<Base>()(from, true);
  is<string | Buffer>()(data, true);
  is<boolean>()(isBinary, true);
});
const closed: CloseMessage = {
  base,
  sid: 'sid',
  connection: base.sockets['sid']!,
  code: 1000,
  reason: '',
  wasClean: true,
};
const failed: ErrorMessage = { base, sid: undefined, connection: undefined, error: new Error(closed.reason) };
is<string | undefined>()(failed.error.code, true);

http.createServer().on('upgrade', (request, socket, head) => {
  const key = request.headers['sec-websocket-key'];
  if (key === undefined) return;
  socket.write(acceptKey(key));
  const { signal } = new AbortController();
  is<string>()(base.assignSocket(socket, { head, signal, protocol: 'chat', mask: false, extensions: [] }), true);
  base.assignSocket(socket);
  base.assignSocket(socket, { transport: 'socket', protocol: null });
  // @ts-expect-error: no such transport
  base.assignSocket(socket, { transport: 'carrier pigeon' });
});
// @ts-expect-error: no stream
base.assignSocket({});
base.assignSocket(new net.Socket(), { transport: 'stream' });
base.assignSocket(new net.Socket(), { keepSocket: false });
base.assignSocket(new tls.TLSSocket(new net.Socket()));
base.assignSocket(new PassThrough(), { extensions: ['x-upper; level=2', 'x-count'] });
base.assignSocket(new Stream(), { extensions: 'x-upper; level=2, x-count' });
// @ts-expect-error: names, not extensions
base.assignSocket(new PassThrough(), { extensions: [{ read() {} }] });

// Extensions and frames

const upper: Extension = {
  write(next, frame) {
    is<Connection>()(this, true);
    is<Frame>()(frame, true);
    if (frame.opcode === 1) frame.content = frame.content.toString().toUpperCase();
    next();
  },
};
base.extensions['x-upper'] = upper;
base.extensions = {
  'x-upper': upper,
  'x-count': {
    read(next, frame) {
      if (frame.length > 1024) next(new Error(`too much for ${this.sid}`));
      else setImmediate(next, null, new Frame(frame.toBuffer()));
      // @ts-expect-error: a frame is no text
      next(null, 'text');
      // @ts-expect-error: read-only
      frame.glued = true;
    },
  },
};
// @ts-expect-error: no function
base.extensions['x-none'] = { read: true };

const frame = new Frame(new Uint8Array(2));
frame.fin = frame.rsv1 = frame.rsv2 = frame.rsv3 = frame.mask = true;
frame.opcode = 9;
frame.masking = Buffer.alloc(4);
frame.content = new ArrayBuffer(1);
frame.payload = 'text';
frame.length = 5;
is<number>()(frame.content.length + frame.payload.length + frame.remnant.length + frame.length, true);
is<Frame>()(frame.mapFrame(new Uint8Array(2)).set('content', 'text').set('fin', true), true);
is<boolean>()(frame.get('rsv1') || frame.glued, true);
is<Buffer>()(frame.get('content'), true);
// @ts-expect-error: no number
frame.set('payload', 5);
// @ts-expect-error: no property of a frame
frame.get('toBuffer');
is<FrameErrorCode | undefined>()(frame.isValid()?.code, true);
is<boolean>()(Buffer.isBuffer(new Frame().toBuffer()), true);
// @ts-expect-error: no text
new Frame('text');

// Properties

base.mask = true;
base.timeout = 5;
base.maxConnections = Infinity;
base.url = 'ws://localhost/path';
base.url = new URL('ws://localhost/path');
is<string>()(base.url.path, true);
base.extensions = {};
is<number>()(base.connections, true);
is<Connection | undefined>()(base.sockets['sid'], true);
is<string | undefined>()(base.socketsHistory.at(0), true);
// @ts-expect-error: read-only
base.connections = 1;
// @ts-expect-error: read-only
base.socketsHistory.push('sid');
// @ts-expect-error: read-only
base.sockets['other'] = undefined;

const connection = base.sockets['sid'];
// @ts-expect-error: it may be closed by now
connection.readyState;
if (connection !== undefined) {
  is<1 | 2 | 3>()(connection.readyState, true);
  is<string | undefined>()(connection.remoteAddress, true);
  is<number>()(connection.bufferedAmount, true);
  const { socket } = connection;
  if (socket instanceof net.Socket) socket.end();
  // @ts-expect-error: read-only
  connection.protocol = 'chat';
}

// Subclasses

class Chat extends Base {
  constructor(readonly room: string) {
    super({ maxConnections: 100 });
    this.on('message', (text) => this.emit('said', text));
  }
  override send(...args: [any, any?, any?]): this {
    return super.send(...(args as [any, any]));
  }
}
const chat = new Chat('lobby');
is<Chat>()(
  chat.on('said', () => {}).on('open', () => {}),
  true,
);
is<Chat>()(chat.close(), true);
const asBase: Base = chat;
is<boolean>()(asBase instanceof Base, true);

function Old(this: Base): void {
  Base.call(this, { timeout: 0 });
  this.send('x');
}
util.inherits(Old, Base);

// Upgrade, Server, Client

const httpServer = http.createServer();
httpServer.on('upgrade', (req, socket, head) => {
  Upgrade.handleUpgradeRequest(
    req,
    socket,
    { head, origins: ['https://a', /b$/], protocols: ['a'], perMessageDeflate: { level: 1 } },
    (error, taken, assign) => {
      if (error === null) base.assignSocket(taken, assign);
      else is<HandshakeError>()(error, true);
    },
  );
  Upgrade.handleUpgradeRequest(req, socket, () => {});
});
Upgrade.createUpgradeRequest(
  'wss://localhost',
  { ca: 'pem', protocols: 'a', maxRedirects: 1 },
  (error, socket, assign, res) => {
    if (error === null) base.assignSocket(socket, assign);
    res?.headers;
  },
);
Upgrade.createUpgradeRequest('wss://localhost', { extensions: ['x-a'] });
// @ts-expect-error: names are strings
Upgrade.createUpgradeRequest('wss://localhost', { extensions: [5] });

class Picky extends Server {
  override async shouldAccept(req: http.IncomingMessage) {
    return req.url === '/' || { status: 404, headers: { 'X-A': 'b' }, body: 'no' };
  }
}
const server = new Picky({
  url: 'ws://localhost/chat',
  maxConnections: 5,
  shouldAccept: () => 403,
  handshakeTimeout: 5_000,
  maxHandshakes: 100,
  maxConnectionsPerAddress: Infinity,
  addressOf: (req) => req.socket.remoteAddress ?? 'none',
  origins: async (origin) => origin === undefined,
});
server
  .listen(httpServer)
  .listen(0)
  .listen(3000, 'localhost', () => server.address());
server
  .on('open', (sid, req) => {
    is<string>()(sid, true);
    is<http.IncomingMessage>()(req, true);
  })
  .on('open', (sid) => server.close(sid, 1000))
  .on('message', (text, sid) => server.send(sid, text))
  .on('error', (error) => console.error(error.code, error.message));
server.close(() => {}).close();
// @ts-expect-error: nothing to say
new Server({ shouldAccept: () => 'no' });

const client = new Client({ url: 'ws+unix:/tmp/a:/', reconnect: { maxRetries: 5 }, rejectUnauthorized: false });
client
  .once('open', (sid, res) => client.send(sid, String(res.statusCode)))
  .on('error', (error: WebSocketError | HandshakeError) => error.code);
client
  .open()
  .open({ reconnect: true })
  .open('wss://localhost', { origin: 'https://a', signal: AbortSignal.timeout(1) });
// @ts-expect-error: the type is wrong
client.open(5);

// Over HTTP/2

const overHttp2 = new Server<{ user: string }, UpgradeRequest>({
  shouldAccept: (req) => ({ headers: { 'X-Path': req.url ?? '' }, data: { user: req.httpVersion } }),
  origins: (_origin, req) => req instanceof http2.Http2ServerRequest,
});
const plainServer: http.Server = websockets.createServer({ maxHeaderSize: 1024 }, (req, res) => res.end(req.url));
overHttp2.listen(plainServer);
overHttp2.listen(http2.createServer()).listen(http2.createSecureServer({ allowHTTP1: true }));
overHttp2.on('open', (sid, req) => {
  is<string>()(sid, true);
  is<UpgradeRequest>()(req, true);
});
const onHttp2Request = (req: http2.Http2ServerRequest): void =>
  Upgrade.handleUpgradeRequest(req, req.stream, { shouldAccept: ({ authority }) => authority !== '' });
http2.createServer().on('connect', onHttp2Request);
const session = http2.connect('http://localhost');
client
  .open({ http2: true })
  .open({ http2: session })
  .open({ http2: async () => session });
Upgrade.createUpgradeRequest('wss://localhost', { http2: session });
// @ts-expect-error: neither a boolean nor a session
client.open({ http2: 'yes' });

// What takes a listener takes the same one everywhere

const onRequest = (sid: string, req: http.IncomingMessage): void => void server.send(sid, req.url ?? '');
const onFault = (error: WebSocketError | HandshakeError): void => void error.message;
server.on('open', onRequest).once('open', onRequest).addListener('open', onRequest);
server.prependListener('open', onRequest).prependOnceListener('open', onRequest);
server.off('open', onRequest).removeListener('open', onRequest);
server.on('error', onFault).once('error', onFault).addListener('error', onFault);
server.prependListener('error', onFault).prependOnceListener('error', onFault);
server.off('error', onFault).removeListener('error', onFault);
client.on('open', onRequest).once('open', onRequest).addListener('open', onRequest);
client.prependListener('open', onRequest).prependOnceListener('open', onRequest);
client.off('open', onRequest).removeListener('open', onRequest);
client.on('error', onFault).once('error', onFault).addListener('error', onFault);
client.prependListener('error', onFault).prependOnceListener('error', onFault);
client.off('error', onFault).removeListener('error', onFault);
server.prependListener('open', (sid, req) => {
  is<string>()(sid, true);
  is<http.IncomingMessage>()(req, true);
});
client.addListener('error', (error) => {
  is<WebSocketError | HandshakeError>()(error, true);
  is<string | undefined>()(error.sid, true);
  if (error.sid !== undefined) is<PeerError | ExtensionError>()(error, true);
});
// @ts-expect-error: the request comes second
server.off('open', (req: http.IncomingMessage) => void req);
is<keyof BaseEvents>()('open' as keyof ServerEvents, true);
is<keyof BaseEvents | 'reconnecting' | 'giveup'>()('open' as keyof ClientEvents, true);
client.on('reconnecting', (attempt, delay, sid) => {
  is<number>()(attempt + delay, true);
  is<string | null>()(sid, true);
});
client.on('giveup', (error) => is<HandshakeError>()(error, true));
client.open(async () => 'wss://a', { headers: async () => ({ A: 'b' }), protocols: () => ['a'], maxQueuedBytes: 0 });
new Client({ url: () => new URL('wss://a'), reconnect: { finalCodes: [1000, [4000, 4999]] } });
client.openAsync().then((sid) => is<string>()(sid, true));
// @ts-expect-error: it is asked once
client.open({ maxRedirects: () => 5 });
const anyBase: Base[] = [base, chat, server, client];
anyBase[0]?.on('open', (sid) => is<string>()(sid, true));

// What the app keeps with a connection

interface User {
  name: string;
}
const users = new Base<User>({ timeout: 0 });
users.assignSocket(new PassThrough(), { data: { name: 'ada' } });
// @ts-expect-error: a user has a name
users.assignSocket(new PassThrough(), { data: {} });
is<Connection<User> | undefined>()(users.sockets['sid'], true);
const user = users.sockets['sid'];
if (user !== undefined) {
  is<User | undefined>()(user.data, true);
  user.data = { name: 'grace' };
  user.data = undefined;
  // @ts-expect-error: a user has a name
  user.data = 'grace';
}
is<unknown>()(connection?.data, true);

const members = new Server<User>({ shouldAccept: (req) => ({ data: { name: req.url ?? '' }, protocol: 'chat' }) });
is<string | undefined>()(members.sockets['sid']?.data?.name, true);
// @ts-expect-error: a user has a name
new Server<User>({ shouldAccept: () => ({ data: { age: 5 } }) });
const inferred = new Server({ shouldAccept: async () => ({ headers: { 'Set-Cookie': 'a=b' }, data: { seen: 5 } }) });
is<{ seen: number } | undefined>()(inferred.sockets['sid']?.data, true);
new Server({ shouldAccept: () => ({ body: 'no' }) });
class Members extends Server<User> {
  override shouldAccept() {
    return { data: { name: 'ada' } };
  }
}
is<User | undefined>()(new Members().sockets['sid']?.data, true);
is<User | undefined>()(new Client<User>().sockets['sid']?.data, true);
httpServer.on('upgrade', (req, socket) => {
  Upgrade.handleUpgradeRequest(
    req,
    socket,
    { shouldAccept: () => ({ data: { name: 'a' } }) },
    (error, taken, assign) => {
      if (error === null) users.assignSocket(taken, assign);
    },
  );
  Upgrade.handleUpgradeRequest(req, socket, (error, taken, assign) => {
    if (error === null) users.assignSocket(taken, assign);
  });
});

// engine.io

const engine = new EngineServer({ maxPayload: 1e6, perMessageDeflate: { threshold: 1, clientMaxWindowBits: true } });
httpServer.on('upgrade', (req, socket, head) => {
  engine.handleUpgrade(req, socket, head, (one) => one.on('message', (data) => one.send(data, () => one.close())));
});
// @ts-expect-error: bytes
new EngineServer({ maxPayload: '1' });
