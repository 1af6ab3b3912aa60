/// <reference types="node" />

import { EventEmitter } from 'node:events';
import { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ClientHttp2Session, Http2ServerRequest } from 'node:http2';
import { AddressInfo, ListenOptions, Server as NetServer } from 'node:net';
import { Duplex, Stream } from 'node:stream';
import { ConnectionOptions } from 'node:tls';

/** What `send` and `ping` take: a string becomes text, everything else binary data. */
export type Data = string | ArrayBufferView | ArrayBuffer;

/** Whom a method addresses: one sid, several, or, with `null`, all. */
export type Sids = string | readonly string[] | null;

/** How many messages a peer may send. */
export interface MaxMessagesOptions {
  /** Messages per second in the long run. From 1 to 1000000; `Infinity` is no limit. */
  perSecond: number;
  /** Messages that may come at once. From 1 to 10000000. @default 10 * perSecond */
  burst?: number | undefined;
  /**
   * What becomes of a peer that sends more: `'close'` is an error and close 1008; with `'pause'` it is not read until
   * it may send the next.
   * @default 'close'
   */
  action?: 'close' | 'pause' | undefined;
}

/** What a backplane tells the `Base` that has started it. */
export interface BackplaneEvents {
  /** The broker is there. Whatever was subscribed on an earlier connection is asked for again. */
  up(): void;
  /** The broker is not there, or not any more. */
  down(error: Error): void;
  /** Something was published to a channel. */
  message(channel: string, payload: Uint8Array): void;
}

/**
 * What carries topics between processes. The entries `websockets/redis`, `websockets/nats` and `websockets/cluster` make
 * one; `websockets/backplane-test` tests one of your own. Each serves one `Base`.
 */
export interface Backplane {
  /** Connects, and connects again whenever the connection is lost, until `close`. Called once. */
  start(events: BackplaneEvents): void;
  /**
   * Subscribes to channels, strings of 1 to 128 bytes, up to 1,000 at a time. One may be subscribed already. Resolves
   * when what is published from then on arrives. Called between `up` and `down`, one call at a time.
   */
  subscribe(channels: readonly string[]): Promise<unknown>;
  /**
   * Leaves channels. One may be left already, or may have been subscribed on an earlier connection only. Called between
   * `up` and `down`, one call at a time.
   */
  unsubscribe(channels: readonly string[]): Promise<unknown>;
  /**
   * Publishes to a channel, in the order of the calls, and resolves when the broker has taken it. Throws, or rejects, if
   * the broker is not there: nothing is kept for later, and nothing is sent twice.
   */
  publish(channel: string, payload: Uint8Array): Promise<unknown>;
  /** Ends its connections, but no client that it was given. Reports `down`. May be called again. */
  close(): Promise<void>;
}

/** The options of a `Base`. One that is `undefined` is as one not given. */
export interface BaseOptions {
  /** What carries topics to other processes and from them. @default null */
  backplane?: Backplane | null | undefined;
  /**
   * Mask outgoing frames: `true` is the client's role, `false` the server's.
   * @default false
   */
  mask?: boolean | undefined;
  /**
   * A `ws:`, `wss:`, `ws+unix:` or `wss+unix:` URL. `Base` keeps it for the app; a `Server` takes its path, a
   * `Client` opens it.
   * @default 'ws://localhost:3000'
   */
  url?: string | { readonly href: string } | undefined;
  /**
   * Milliseconds without any byte from the peer after which the connection is closed with 1001 and
   * the reason `timeout`; 0 turns it off. 0 to 2147483647.
   * @default 600000
   */
  timeout?: number | undefined;
  /**
   * When one more is assigned, the oldest connection is closed with 1013. From 1; `Infinity` allowed.
   * @default 10
   */
  maxConnections?: number | undefined;
  /**
   * Bytes of one incoming message. More is an error and close 1009. 0 to V8's longest string.
   * @default 16777216
   */
  maxPayload?: number | undefined;
  /**
   * Data frames of one fragmented incoming message. More is an error and close 1008. 1 to 4294967295.
   * @default 131072
   */
  maxFragments?: number | undefined;
  /**
   * Pings, and pongs that answer none of our pings, per second; ten times as many at once. More is an
   * error and close 1008. 1 to 1000000; `Infinity` allowed.
   * @default 10000
   */
  maxControlFrames?: number | undefined;
  /**
   * Messages per second that a peer may send, or more about that. A number is the rate, ten times as many may come at
   * once, and more is an error and closes the connection with 1008. From 1 to 1000000; `Infinity` is no limit.
   * @default Infinity
   */
  maxMessages?: number | MaxMessagesOptions | undefined;
  /**
   * Bytes queued for one peer that does not read. A send that finds as many is an error, and drops
   * that connection. From 1; `Infinity` allowed.
   * @default 67108864
   */
  maxBufferedAmount?: number | undefined;
  /**
   * Bytes of payload that a frame of ours may have: a longer message leaves in several frames. `send` can say otherwise.
   * From 1; `Infinity` is no limit.
   * @default Infinity
   */
  fragment?: number | undefined;
  /**
   * Milliseconds that a closing may take, from the first close frame to the peer's FIN. 0 to
   * 2147483647.
   * @default 5000
   */
  closeTimeout?: number | undefined;
  /**
   * Milliseconds of silence after which a ping is sent by itself; a peer that is silent for as long
   * again is dropped with 1006, once what was queued before the ping has left. 0 turns it off. 0 to 2147483647.
   * @default 0
   */
  pingInterval?: number | undefined;
  /**
   * Refuse frames that are not masked as their sender's role demands (RFC 6455 §5.1). By default so
   * for a `net.Socket`, TLS sockets included, and for what comes through `Upgrade`, `Server` or
   * `Client`, and not for any other stream.
   */
  enforceMasking?: boolean | undefined;
  /**
   * How permessage-deflate (RFC 7692) is done, with the connections on which it was agreed upon: their
   * `extensions` say so. `true` and `false` leave each setting at its default.
   * @default false
   */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** The settings of permessage-deflate. One that is `undefined` is as one not given. */
export interface PerMessageDeflateOptions {
  /**
   * Messages of fewer bytes are sent as they are; empty ones always are. From 0.
   * @default 1024
   */
  threshold?: number | undefined;
  /**
   * How hard messages are compressed: 0 stores, 1 is the fastest, 9 the smallest.
   * @default 6
   */
  level?: number | undefined;
  /**
   * Bytes that the windows of all connections may take. Past that a `Server` agrees on no more of
   * them, and a `Client` does not offer permessage-deflate. `assignSocket` does not look at it.
   * From 0; `Infinity` allowed.
   * @default 134217728
   */
  memoryLimit?: number | undefined;
  /**
   * For a negotiation: the server forgets its window after each message.
   * @default false
   */
  serverNoContextTakeover?: boolean | undefined;
  /**
   * For a negotiation: the client forgets its window after each message.
   * @default false
   */
  clientNoContextTakeover?: boolean | undefined;
  /**
   * For a negotiation: the server's window, as a power of two of bytes. 8 to 15.
   * @default 15
   */
  serverMaxWindowBits?: number | undefined;
  /**
   * For a negotiation: the client's window, as a power of two of bytes. 8 to 15.
   * @default 15
   */
  clientMaxWindowBits?: number | undefined;
}

/** The options of `assignSocket`. `D` is the type of what the app keeps with each connection. */
export interface AssignSocketOptions<D = unknown> {
  /** What `connection.data` is at first. */
  data?: D | undefined;
  /** Bytes that were read from the socket before all others: the third argument of `'upgrade'`. */
  head?: Uint8Array | null | undefined;
  /** In place of the `Base`'s `mask`. */
  mask?: boolean | undefined;
  /** The subprotocol, as `connection.protocol` tells it; nothing is sent. */
  protocol?: string | null | undefined;
  /**
   * `'stream'`: this thread reads and writes, whatever the socket is. `'socket'`: an I/O thread has
   * to, and `ERR_WS_UNSUPPORTED_SOCKET` is thrown where none can. By default whichever can.
   */
  transport?: 'socket' | 'stream' | undefined;
  /**
   * `false`: once an I/O thread has the socket, the socket object is destroyed and let go of, and the
   * WebSocket lives on without it, in less memory. Of no effect on the stream transport.
   * @default true
   */
  keepSocket?: boolean | undefined;
  /** Terminates the connection when it is aborted. */
  signal?: AbortSignal | undefined;
  /**
   * The extensions that were negotiated, in the order of the header: names or whole elements, or the
   * value of a `Sec-WebSocket-Extensions` header. Each is one of `base.extensions`, or
   * `permessage-deflate`, which is built in, with the parameters of the server's answer.
   */
  extensions?: string | readonly string[] | null | undefined;
}

/** The options of `send`. */
export interface SendOptions {
  /**
   * Whether the message may be compressed, where permessage-deflate is on.
   * @default true
   */
  compress?: boolean | undefined;
  /**
   * Bytes of payload that a frame may have: a longer message leaves in several frames. From 1; `Infinity` is no limit.
   * By default, as the option `fragment` of the `Base` says.
   */
  fragment?: number | undefined;
  /** Who does not get the message, of those whom it is for: a sid, or several. Unknown and closed sids are skipped. */
  except?: string | readonly string[] | undefined;
}

/** The options of `publish`. */
export interface PublishOptions extends SendOptions {
  /**
   * Skip each subscriber for whom more than 64 KiB wait to be written: it does not get this message. Otherwise a
   * subscriber that does not read is dropped once `maxBufferedAmount` is reached.
   * @default false
   */
  volatile?: boolean | undefined;
  /**
   * Only to the subscribers of this process.
   * @default false
   */
  local?: boolean | undefined;
}

/** The options of `messages`. */
export interface MessagesOptions {
  /** Whose messages; by default all. With sids it ends when the last of these connections is over. */
  sid?: Sids | undefined;
  /**
   * Binary messages as well.
   * @default false
   */
  binary?: boolean | undefined;
  /**
   * Bytes of messages that may wait to be taken, each counted with 64 more. Past it whoever sends one more
   * is read no further, until half of them are left. From 1; `Infinity` allowed.
   * @default 1048576
   */
  highWaterMark?: number | undefined;
  /** Ends it with an `AbortError`, once what waits has been taken. */
  signal?: AbortSignal | undefined;
}

/** What the channel `websockets:open` of `node:diagnostics_channel` publishes. */
export interface OpenMessage {
  base: Base;
  sid: string;
  connection: Connection;
}

/** What `websockets:close` publishes. */
export interface CloseMessage extends OpenMessage {
  code: number;
  reason: string;
  /** The closing handshake was completed. */
  wasClean: boolean;
}

/** What `websockets:message` publishes: `data` is a string where the message is text. */
export interface MessageMessage extends OpenMessage {
  data: string | Buffer;
  isBinary: boolean;
}

/** What `websockets:error` publishes. Where a handshake has failed there is no connection. */
export interface ErrorMessage {
  base: Base;
  sid: string | undefined;
  connection: Connection | undefined;
  error: Error & { code?: string };
}

/** The url of a `Base`, parsed. */
export interface BaseUrl {
  readonly href: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  /** It ends with a slash. */
  readonly pathname: string;
  readonly search: string;
  /** `pathname` and `search`. */
  readonly path: string;
}

/** One connection: what `base.sockets[sid]` holds. `D` is the type of what the app keeps with it. */
export interface Connection<D = unknown> {
  /** Its id: unique in the process, unguessable, never used again. */
  readonly sid: string;
  /** 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3;
  /** `'socket'`: an I/O thread reads and writes; `'stream'`: this thread does. */
  readonly transport: 'socket' | 'stream';
  /** The subprotocol that `assignSocket` was told, or `''`. */
  readonly protocol: string;
  /** Names of the extensions that are on, in the order of the header. */
  readonly extensions: readonly string[];
  /** Whether outgoing frames are masked: the client's role. */
  readonly mask: boolean;
  /** The peer's IP address; `undefined` on a Unix-domain socket and a stream that has none. */
  readonly remoteAddress: string | undefined;
  /** The URL that a `Client` has opened, without credentials. */
  readonly url: string | undefined;
  /** The socket that was assigned; `null` once the connection is over, or `keepSocket: false` let go of it. */
  readonly socket: Duplex | Stream | null;
  /** Bytes that wait to be written to the peer. */
  readonly bufferedAmount: number;
  /** The names of the topics that it subscribes to: a copy. */
  readonly topics: string[];
  /** Gets what is published to a topic, or to several. Nothing happens if the connection is not open. */
  subscribe(topic: string | readonly string[]): this;
  /** Gets that no more; without an argument it leaves all topics. */
  unsubscribe(topic?: string | readonly string[]): this;
  /** Whatever the app keeps with the connection: what `assignSocket` was given, or what was written since. */
  data: D | undefined;
}

/** A property of a `Frame`, by its name. */
export type FrameProperty =
  | 'fin'
  | 'rsv1'
  | 'rsv2'
  | 'rsv3'
  | 'opcode'
  | 'mask'
  | 'masking'
  | 'length'
  | 'content'
  | 'payload'
  | 'remnant'
  | 'glued';

/** One frame (RFC 6455 §5.2), as extensions see it. Everything about it may be changed. */
export class Frame {
  /**
   * Without `buffer`, an empty text frame, unmasked.
   *
   * @param buffer one whole frame, as it is on the wire; it is copied, and what is behind it is `remnant`
   * @throws an Error whose `code` is a `FrameErrorCode`
   */
  constructor(buffer?: Uint8Array);
  /** Whether it is the last, or the only, fragment of its message. */
  fin: boolean;
  /** The reserved bits: an extension's (RFC 6455 §5.8). */
  rsv1: boolean;
  rsv2: boolean;
  rsv3: boolean;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  opcode: number;
  /** Whether it is masked on the wire. */
  mask: boolean;
  /** The masking key, 4 bytes; empty if an unmasked frame was read, `null` until one is needed. */
  masking: Buffer | null;
  /** What it carries, unmasked. It can be written as whatever `send` takes. */
  get content(): Buffer;
  set content(data: Data);
  /** The same bytes as they are on the wire: masked where `mask` is on. It can be written as well. */
  get payload(): Buffer;
  set payload(data: Data);
  /** Bytes of the content. It may be written, and counts for nothing. */
  length: number;
  /** Bytes that were read behind the frame. */
  remnant: Buffer;
  /** Whether there were any. */
  readonly glued: boolean;
  /** The value of a property. */
  get<Name extends FrameProperty>(name: Name): Frame[Name];
  /** Gives a property a value. */
  set<Name extends Exclude<FrameProperty, 'glued'>>(
    name: Name,
    value: Name extends 'content' | 'payload' ? Data : Frame[Name],
  ): this;
  /**
   * Becomes the frame in `buffer`, as the constructor reads it; nothing changes if that throws.
   *
   * @throws an Error whose `code` is a `FrameErrorCode`
   */
  mapFrame(buffer: Uint8Array): this;
  /** What is wrong with the frame, the reserved bits aside, or `null`. */
  isValid(): (Error & { code: FrameErrorCode }) | null;
  /** The frame as it is on the wire. It is not checked. */
  toBuffer(): Buffer;
}

/**
 * What an extension calls, once for each frame, at once or later: with the frame that goes on, by
 * default the one that it got, or with an error, which is emitted while the frame is dropped.
 */
export type Next = (error?: Error | null, frame?: Frame) => void;

/** One of `base.extensions`: it has `read`, `write`, or both. */
export interface Extension {
  /** Whether it uses RSV1: `Server`, `Client` and `Upgrade` turn on one that does, no more. */
  rsv1?: boolean | undefined;
  /** Gets each frame of the peer. */
  read?(this: Connection, next: Next, frame: Frame): void;
  /** Gets each frame to the peer. */
  write?(this: Connection, next: Next, frame: Frame): void;
}

/** What `stats()` returns. The counters only grow. */
export interface Stats {
  /** Open connections. */
  connections: number;
  /** Those of them that go by the stream transport. */
  streams: number;
  /** Connections whose closing is under way, until their `close`. */
  closing: number;
  /** Counter: messages emitted. */
  messagesReceived: number;
  /** Counter: messages sent, one for each connection that one went to. */
  messagesSent: number;
  /** Counter: pings emitted. */
  pingsReceived: number;
  /** Counter: pings sent by `ping`, one for each connection. */
  pingsSent: number;
  /** Counter: pongs emitted. */
  pongsReceived: number;
  /** Topics that have subscribers. */
  topics: number;
  /** Subscriptions, one for each topic of each connection. */
  subscriptions: number;
  /** Counter: calls of `publish`. */
  publishes: number;
  /** Counter: messages published, one for each subscriber that one went to; those skipped are among them. */
  deliveries: number;
  /** Counter: volatile messages that a subscriber did not get, because too much waited to be written to it. */
  skipped: number;
  /** Counter: messages handed over to the backplane. */
  backplanePublished: number;
  /** Counter: messages that the backplane did not take: the broker was not there, or too much waited for it. */
  backplaneRefused: number;
  /** Counter: messages of other processes that were delivered here. */
  backplaneReceived: number;
  /** Counter: messages of other processes that have not arrived, by the gaps in their numbers. */
  backplaneLost: number;
  /** Counter: messages of other processes that came again or too late, and were dropped. */
  backplaneDuplicates: number;
  /** 1 while the broker is there, 0 otherwise. */
  backplaneUp: number;
  /** Counter: errors, whether or not anybody listened. */
  errors: number;
  /** Counter: bytes received since the takeovers, frame headers included. */
  bytesReceived: number;
  /** Counter: bytes written since the takeovers, frame headers included. */
  bytesSent: number;
  /** Bytes that wait to be written. */
  queuedBytes: number;
  /** I/O threads of the process; 0 before this thread's first connection on the socket transport. */
  ioThreads: number;
}

/** The `code` of a peer's error; `docs/api.md` has the table. */
export type WebSocketErrorCode =
  | 'WS_ERR_BACKPRESSURE'
  | 'WS_ERR_EXPECTED_FIN'
  | 'WS_ERR_EXPECTED_MASK'
  | 'WS_ERR_INVALID_CLOSE_CODE'
  | 'WS_ERR_INVALID_COMPRESSED_DATA'
  | 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
  | 'WS_ERR_INVALID_OPCODE'
  | 'WS_ERR_INVALID_UTF8'
  | 'WS_ERR_NON_MINIMAL_PAYLOAD_LENGTH'
  | 'WS_ERR_TOO_MANY_BUFFERED_PARTS'
  | 'WS_ERR_TOO_MANY_EMPTY_FRAGMENTS'
  | 'WS_ERR_TOO_MANY_CONTROL_FRAMES'
  | 'WS_ERR_TOO_MANY_MESSAGES'
  | 'WS_ERR_UNEXPECTED_MASK'
  | 'WS_ERR_UNEXPECTED_RSV_1'
  | 'WS_ERR_UNEXPECTED_RSV_2_3'
  | 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'
  | 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/** The `code` of what is wrong with a frame: thrown by `new Frame`, returned by `isValid`. */
export type FrameErrorCode =
  | 'WS_ERR_EXPECTED_FIN'
  | 'WS_ERR_INCOMPLETE_FRAME'
  | 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
  | 'WS_ERR_INVALID_MASKING_KEY'
  | 'WS_ERR_INVALID_OPCODE'
  | 'WS_ERR_NON_MINIMAL_PAYLOAD_LENGTH'
  | 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH';

/** The `code` of an opening handshake's error, where it is not the system's or Node's own. */
export type HandshakeErrorCode =
  | 'ERR_WS_CLOSED'
  | 'ERR_WS_HANDSHAKE_TIMEOUT'
  | 'ERR_WS_INVALID_HANDSHAKE'
  | 'ERR_WS_INVALID_UPGRADE'
  | 'ERR_WS_TOO_MANY_REDIRECTS'
  | 'ERR_WS_UNEXPECTED_RESPONSE'
  | 'ERR_WS_UNSAFE_REDIRECT'
  | 'ERR_WS_UNSUPPORTED_HTTP2'
  | 'ERR_WS_UPGRADE_ABORTED'
  | 'ERR_WS_UPGRADE_FAILED'
  | 'ERR_WS_UPGRADE_REFUSED';

/**
 * The `code` of an error that is thrown, and `ERR_WS_EXTENSION`, that of an extension's error that
 * has none itself; `docs/api.md` has the table.
 */
export type ThrownErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_WS_BACKPLANE'
  | 'ERR_WS_BINARY_VERSION'
  | 'ERR_WS_EXTENSION'
  | 'ERR_WS_NOT_OPEN'
  | 'ERR_WS_NO_BINARY'
  | 'ERR_WS_NO_CLIENT_LIBRARY'
  | 'ERR_WS_NO_PRIMARY'
  | 'ERR_WS_NO_WORKER'
  | 'ERR_WS_SOCKET_TAKEN'
  | 'ERR_WS_STOPPING'
  | 'ERR_WS_TAKEOVER'
  | 'ERR_WS_TOO_MANY_CONNECTIONS'
  | 'ERR_WS_UNSUPPORTED_SOCKET'
  | 'EAGAIN'
  | 'EBADF'
  | 'EMFILE'
  | 'ENFILE'
  | 'ENOMEM'
  | 'ENOTSOCK';

/**
 * Something that a peer did: its connection ends by it. With `ERR_WS_EXTENSION` and 1011 it is an
 * extension's doing, which dropped a compressed frame that what follows refers to.
 */
export interface PeerError extends Error {
  code: WebSocketErrorCode | 'ERR_WS_EXTENSION';
  /** The connection that it happened on. */
  sid: string;
  /** The status code that the connection ends with. */
  closeCode: number;
}

/** What an extension reported, or did wrong. The frame is dropped, and the connection goes on. */
export interface ExtensionError extends Error {
  /** The error's own, or `ERR_WS_EXTENSION`; a `FrameErrorCode` where its frame must not be sent. */
  code: string;
  /** The connection that it happened on. */
  sid: string;
  closeCode?: undefined;
}

/** What a listener of `'error'` gets. The one with a `closeCode` is a peer's. */
export type WebSocketError = PeerError | ExtensionError;

/** An opening handshake that came to nothing. */
export interface HandshakeError extends Error {
  /** A `HandshakeErrorCode`, or the code of the system's or Node's own error. */
  code?: string;
  /** The status that was answered. */
  statusCode?: number;
  /** Of a server's response. */
  headers?: IncomingHttpHeaders;
  /** The first 1024 bytes of the body of a server's response, as text. */
  body?: string;
  /** What a function of the app has thrown. */
  cause?: unknown;
  /** Of a `Client`'s: the URL, without credentials. */
  url?: string;
  /** Of `ERR_WS_CLOSED`: the code of the close frame. */
  closeCode?: number;
  /** Of `ERR_WS_CLOSED`: the reason in the close frame. */
  reason?: string;
  /** Of a `Client`'s last error: how many messages were queued, and are not sent. */
  unsent?: number;
}

/** The events of a `Base`, with what their listeners get. */
export interface BaseEvents {
  /** A socket was assigned. */
  open: [sid: string];
  /** A text message came. */
  message: [text: string, sid: string];
  /** A binary message came. The Buffer is the listener's own. */
  binary: [data: Buffer, sid: string];
  /** A ping came; its pong is queued. `data` is what it carries, `text` that read as UTF-8. */
  ping: [text: string, sid: string, data: Buffer];
  /** A pong came. */
  pong: [text: string, sid: string, data: Buffer];
  /**
   * A connection is over: once for each `open`, and the last event of that sid. `wasClean`: the closing handshake was
   * completed.
   */
  close: [reason: string, sid: string, code: number, wasClean: boolean];
  /** A peer broke the protocol or a limit, or an extension failed. Not thrown where nobody listens. */
  error: [error: WebSocketError];
  /** More than 64 KiB were queued for this peer, and all of it has been written. */
  drain: [sid: string];
  /** The broker of the backplane is there, or is not. Never twice the same. The error belongs to `'down'`. */
  backplane: [state: 'up' | 'down', error: Error | undefined];
}

/** An event name that is not in `BaseEvents`: one of a subclass. */
export type OtherEvent<E> = E extends keyof BaseEvents ? never : E;

/** The arguments of such an event, typed as Node.js types them: a listener may declare what it expects. */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown[]`, no listener could declare its parameters' types.
export type OtherArguments = any[];

/** Many WebSocket connections behind one EventEmitter. `D` is the type of `sockets[sid].data`. */
export interface Base<D = unknown> extends EventEmitter {
  /** Mask outgoing frames. A change holds for sockets assigned from then on. */
  mask: boolean;
  /** The url, parsed; it can be written as a string or anything with an `href`. */
  get url(): BaseUrl;
  set url(value: string | { readonly href: string });
  /** Milliseconds of silence. A change holds for sockets assigned from then on. */
  timeout: number;
  /** A change holds at the next `assignSocket`. */
  maxConnections: number;
  /** Extensions by name; `assignSocket`'s `extensions` says which are on for a socket. */
  extensions: Record<string, Extension>;

  /** How many connections are open. */
  readonly connections: number;
  /** The open connections by sid: live, read-only, oldest first. */
  readonly sockets: { readonly [sid: string]: Connection<D> | undefined };
  /** The sids of the open connections: live, read-only, oldest first. */
  readonly socketsHistory: readonly string[];

  /** Sends a message to all: a string as text, everything else as binary. */
  send(data: Data): this;
  /** Sends a message to those whom `sid` addresses. Unknown and closed sids are skipped. */
  send(sid: Sids, data: Data, options?: SendOptions): this;

  /**
   * Has connections get what is published to a topic, or to several. A topic is there while somebody subscribes to it; its
   * name is any well-formed string of 1 byte to 128 KiB of UTF-8. Unknown and closed sids are skipped.
   */
  subscribe(sid: Sids, topic: string | readonly string[]): this;
  /** Has them get that no more; without a topic they leave all. A connection that closes has left all of its topics. */
  unsubscribe(sid: Sids, topic?: string | readonly string[]): this;
  /** Sends a message to all who subscribe to a topic, and returns how many of the connections here that are. */
  publish(topic: string, data: Data, options?: PublishOptions): number;
  /** The sids of the connections here that subscribe to a topic: a copy. */
  subscribers(topic: string): string[];
  /** The names of the topics that have subscribers here, or of those of one connection: a copy. */
  topics(sid?: string | null): string[];

  /** Pings all, with no data. */
  ping(): this;
  /** Pings those, or with `null` all, with no data. A lone string is data: see the next form. */
  ping(sids: readonly string[] | null): this;
  /** Pings all, with at most 125 bytes of data. */
  ping(data: Data): this;
  /** Pings those whom `sid` addresses, with at most 125 bytes of data. */
  ping(sid: Sids, data: Data): this;

  /** Closes all connections with 1001. */
  close(): this;
  /** Closes those whom `sid` addresses with 1000 and a reason of at most 123 bytes. */
  close(sid: Sids, reason?: string | Uint8Array | null): this;
  /** Closes with another code: 1000 to 1003, 1007 to 1014, 3000 to 4999. */
  close(sid: Sids, code: number, reason?: string | Uint8Array | null): this;

  /** Drops connections without a closing handshake; `close` follows with 1006. */
  terminate(sid: Sids): this;

  /**
   * Takes over a socket, or any other stream, whose opening handshake is done. Emits `open` before it
   * returns.
   *
   * @param socket an old-style stream has `write()` and `end()`
   * @returns the connection's sid
   */
  assignSocket(socket: Duplex | Stream, options?: AssignSocketOptions<D>): string;

  /** Bytes that wait to be written to this peer; 0 where the sid is unknown or closed. */
  bufferedAmount(sid: string): number;
  /** Stops reading: nothing of these peers is emitted until `resume`. */
  pause(sid: Sids): this;
  /** Goes on reading. */
  resume(sid: Sids): this;
  /** Counters for a metrics page. */
  stats(): Stats;

  /** The text messages from now on, as an async iterator. */
  messages(
    options?: MessagesOptions & { binary?: false | undefined },
  ): AsyncIterableIterator<[text: string, sid: string]>;
  /** The messages from now on: a string where it is text, a Buffer where it is binary. */
  messages(options: MessagesOptions): AsyncIterableIterator<[data: string | Buffer, sid: string]>;

  /**
   * Closes all connections as `close()` does, and resolves once the last is over; a `Server` stops. Where
   * Node.js has the symbol: from 18.18 and 20.5 on.
   */
  [Symbol.asyncDispose](): Promise<void>;

  on<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  on<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  once<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  once<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  off<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  off<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  addListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  addListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  removeListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  removeListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependOnceListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependOnceListener<E extends string | symbol>(
    event: OtherEvent<E>,
    listener: (...args: OtherArguments) => void,
  ): this;
  emit<E extends keyof BaseEvents>(event: E, ...args: BaseEvents[E]): boolean;
  emit<E extends string | symbol>(event: OtherEvent<E>, ...args: OtherArguments): boolean;
}

/** `Base` is an ES5 function: `new Base()`, `class extends Base` and `Base.call(this)` all work. */
export interface BaseConstructor {
  new <D = unknown>(options?: BaseOptions): Base<D>;
  <D = unknown>(options?: BaseOptions): Base<D>;
  readonly prototype: Base;
}

/** Many WebSocket connections behind one EventEmitter. */
export const Base: BaseConstructor;

/**
 * The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
 *
 * @param key as it stands in the request, without white space around it
 */
export function acceptKey(key: string): string;

/** Headers that the app adds to a handshake. Those that the handshake sets itself are refused. */
export type HandshakeHeaders = Record<string, string | number | readonly string[]>;

/** What `shouldAccept` says of a request that it upgrades: what this one gets beside what all get. */
export interface Acceptance<D = unknown> {
  /** With one of these it would be a refusal. */
  status?: never;
  body?: never;
  /** More headers of this response 101, such as `Set-Cookie`. */
  headers?: HandshakeHeaders | undefined;
  /** The subprotocol, in the place of what `protocols` chooses: one that the client offers. */
  protocol?: string | undefined;
  /** What `connection.data` is at first. */
  data?: D | undefined;
}

/**
 * What `shouldAccept` says of a request: `true`, or an `Acceptance`, upgrades it. A number is a status, 400 to 599; a
 * redirect (301, 302, 303, 307 or 308) has to have a `Location`.
 */
export type Verdict<D = unknown> =
  | boolean
  | number
  | { status: number; headers?: HandshakeHeaders; body?: string; data?: never }
  | { status?: number; headers?: HandshakeHeaders; body: string; data?: never }
  | Acceptance<D>;

/** A request for a WebSocket, over HTTP/1.1 or over HTTP/2. */
export type UpgradeRequest = IncomingMessage | Http2ServerRequest;

/** Which origins are allowed. One that is missing is allowed by a function only. */
export type Origins<R extends UpgradeRequest = IncomingMessage> =
  | string
  | RegExp
  | readonly (string | RegExp)[]
  | ((origin: string | undefined, req: R) => boolean | PromiseLike<boolean>);

/** What a server speaks, in its order of preference, or a function that chooses of what is offered. */
export type SubprotocolChoice<R extends UpgradeRequest = IncomingMessage> =
  | string
  | readonly string[]
  | ((offered: string[], req: R) => string | false | null | undefined | PromiseLike<string | false | null | undefined>);

/** What `Server` and `handleUpgradeRequest` have in common. */
export interface HandshakePolicy<D = unknown, R extends UpgradeRequest = IncomingMessage> {
  /** By default every origin, or none, is allowed. */
  origins?: Origins<R> | undefined;
  /** By default no subprotocol is chosen. */
  protocols?: SubprotocolChoice<R> | undefined;
  /** More headers of the response that opens the WebSocket. */
  headers?: HandshakeHeaders | undefined;
  /** Asked last, about a request that is in order. */
  shouldAccept?: ((req: R) => Verdict<D> | PromiseLike<Verdict<D>>) | undefined;
  /**
   * Milliseconds that `origins`, `protocols` and `shouldAccept` may take together before the request is
   * refused with 503; 0 turns it off.
   * @default 10000
   */
  handshakeTimeout?: number | undefined;
}

/** The options of `handleUpgradeRequest`. */
export interface HandleUpgradeOptions<D = unknown, R extends UpgradeRequest = IncomingMessage>
  extends HandshakePolicy<D, R> {
  /** The third argument of `'upgrade'`: it is handed on. */
  head?: Uint8Array | null | undefined;
  /** Extensions that may be accepted, as `base.extensions` has them, or their names. */
  extensions?: Record<string, Extension> | readonly string[] | undefined;
  /** Whether, and how, permessage-deflate is accepted. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** What `tls.connect` and `net.connect` are given. */
export interface ConnectOptions
  extends Pick<
    ConnectionOptions,
    | 'ALPNProtocols'
    | 'ca'
    | 'cert'
    | 'checkServerIdentity'
    | 'ciphers'
    | 'crl'
    | 'ecdhCurve'
    | 'key'
    | 'lookup'
    | 'maxVersion'
    | 'minVersion'
    | 'passphrase'
    | 'pfx'
    | 'rejectUnauthorized'
    | 'secureContext'
    | 'servername'
    | 'session'
    | 'sigalgs'
  > {
  autoSelectFamily?: boolean | undefined;
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /** Makes the connection in the place of Node.js. */
  createConnection?:
    | ((options: object, connected: (error: Error | null, socket: Duplex) => void) => Duplex | null | undefined)
    | undefined;
  family?: number | undefined;
  localAddress?: string | undefined;
  localPort?: number | undefined;
  maxHeaderSize?: number | undefined;
}

/** What `Client` and `createUpgradeRequest` have in common. */
export interface RequestOptions extends ConnectOptions {
  /** By default none: each handshake has a connection of its own. */
  agent?: Agent | undefined;
  /** Milliseconds for the whole handshake; 0 turns it off. @default 10000 */
  handshakeTimeout?: number | undefined;
  headers?: HandshakeHeaders | undefined;
  /**
   * `true` opens `wss:` URLs over HTTP/2 if the server takes WebSockets that way, several on one connection; a session
   * of `http2.connect` opens all on that one.
   * @default false
   */
  http2?: boolean | ClientHttp2Session | undefined;
  /** How many redirects are followed, 0 to 100. @default 0 */
  maxRedirects?: number | undefined;
  /** The `Origin` header. */
  origin?: string | undefined;
  /** Subprotocols that are offered; the server has to choose one of them. */
  protocols?: string | readonly string[] | undefined;
  /** Ends the handshake, not the connection. */
  signal?: AbortSignal | undefined;
}

/** The options of `createUpgradeRequest`. */
export interface CreateUpgradeOptions extends RequestOptions {
  /** Extensions that are offered, as `base.extensions` has them, or their names. */
  extensions?: Record<string, Extension> | readonly string[] | undefined;
  /** Whether, and how, permessage-deflate is offered. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** What an opening handshake has come to, as `assignSocket` takes it. */
export interface UpgradeResult<D = undefined> {
  /** For the server: what `shouldAccept` said. */
  data?: D | undefined;
  /** The value of `Sec-WebSocket-Extensions`, or `''`. */
  extensions: string;
  /** The subprotocol, or `''`. */
  protocol: string;
  /** What was read behind the handshake. */
  head?: Uint8Array | undefined;
  /** `true` for the client. */
  mask?: boolean | undefined;
}

/** Gets an error alone, or `null` and what `assignSocket` takes. */
export type HandleUpgradeCallback<D = undefined> = (
  ...result:
    | [error: HandshakeError, socket: undefined, options: undefined]
    | [error: null, socket: Duplex, options: UpgradeResult<D>]
) => void;

/** Gets an error alone, or `null`, what `assignSocket` takes, and the response. */
export type CreateUpgradeCallback = (
  ...result:
    | [error: HandshakeError, socket: undefined, options: undefined, res: undefined]
    | [error: null, socket: Duplex, options: UpgradeResult, res: IncomingMessage]
) => void;

/** The opening handshake (RFC 6455 §4), for those who assign sockets themselves. */
export const Upgrade: {
  /** Answers a client's handshake. A request that is not upgraded is answered, and its socket closed. */
  handleUpgradeRequest(req: UpgradeRequest, socket: Duplex, callback?: HandleUpgradeCallback): void;
  handleUpgradeRequest<D = undefined, R extends UpgradeRequest = UpgradeRequest>(
    req: R,
    socket: Duplex,
    options: HandleUpgradeOptions<D, R> | undefined,
    callback?: HandleUpgradeCallback<D>,
  ): void;
  /** Begins a client's handshake. */
  createUpgradeRequest(url: string | { readonly href: string }, callback?: CreateUpgradeCallback): void;
  createUpgradeRequest(
    url: string | { readonly href: string },
    options: CreateUpgradeOptions | undefined,
    callback?: CreateUpgradeCallback,
  ): void;
};

/** The options of a `Server`. `maxConnections` is `Infinity` by default: one more gets 503. */
export interface ServerOptions<D = unknown, R extends UpgradeRequest = IncomingMessage>
  extends BaseOptions,
    HandshakePolicy<D, R> {
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** As that of `assignSocket`, for every connection. @default true */
  keepSocket?: boolean | undefined;
  /**
   * Handshakes that may be under way at a time; one more gets 503.
   * @default Infinity
   */
  maxHandshakes?: number | undefined;
  /**
   * Connections that one address may have, handshakes under way and connections that are closing included; one more
   * gets 429. IPv6 addresses of one /64 count together.
   * @default Infinity
   */
  maxConnectionsPerAddress?: number | undefined;
  /**
   * The client that `maxConnectionsPerAddress` counts a request for: an IP address, or any other string that is not
   * empty. Set it if the server is behind a proxy.
   * @default req => req.socket.remoteAddress
   */
  addressOf?: ((req: R) => string) | undefined;
}

/** The events of a `Server`, with what their listeners get. */
export interface ServerEvents<R extends UpgradeRequest = IncomingMessage> extends Omit<BaseEvents, 'open' | 'error'> {
  /** A connection is there, and this is the request that asked for it. */
  open: [sid: string, req: R];
  /** As with `Base`, or an opening handshake came to nothing by what the app has done. */
  error: [error: WebSocketError | HandshakeError];
}

/**
 * A `Base` that answers the upgrade requests of HTTP servers. One that listens on a server of HTTP/2 is a
 * `Server<unknown, UpgradeRequest>`: its requests may be an `Http2ServerRequest`.
 */
export class Server<D = unknown, R extends UpgradeRequest = IncomingMessage> extends Base<D> {
  constructor(options?: ServerOptions<D, R>);
  /** Whether a request that is in order is upgraded. The option of this name takes its place. */
  shouldAccept(req: R): Verdict<D> | PromiseLike<Verdict<D>>;
  /** Takes the upgrade requests of an HTTP server, of `node:http2` as well. */
  listen(httpServer: NetServer): this;
  /** Makes an HTTP server, which listens there. */
  listen(port: number, host?: string, callback?: () => void): this;
  listen(port: number, callback?: () => void): this;
  listen(path: string, callback?: () => void): this;
  listen(options: ListenOptions, callback?: () => void): this;
  /** The address of the HTTP server that it listens on first. */
  address(): AddressInfo | string | null;
  /** Stops: no more upgrades, 1001 for all, and the HTTP servers are let go. */
  close(callback?: () => void): this;
  close(sid: Sids, reason?: string | Uint8Array | null): this;
  close(sid: Sids, code: number, reason?: string | Uint8Array | null): this;

  on<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  on<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  on<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  once<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  once<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  once<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  off<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  off<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  off<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  addListener<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  addListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  addListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  removeListener<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  removeListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  removeListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependListener<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  prependListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependOnceListener<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents<R>[E]) => void): this;
  prependOnceListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependOnceListener<E extends string | symbol>(
    event: OtherEvent<E>,
    listener: (...args: OtherArguments) => void,
  ): this;
}

/** How a `Client` reconnects. */
export interface ReconnectOptions {
  /** The longest wait before the first try, in ms. @default 1000 */
  minDelay?: number | undefined;
  /** The longest wait of all, in ms. @default 30000 */
  maxDelay?: number | undefined;
  /** By how much the longest wait grows with each try. @default 2 */
  factor?: number | undefined;
  /** How much of a wait is chance, 0 to 1. @default 1 */
  jitter?: number | undefined;
  /** Tries in a row that may fail. @default Infinity */
  maxRetries?: number | undefined;
  /** Statuses of a response after which no further try is made. @default [401, 403, 404] */
  finalStatuses?: Ranges | undefined;
  /** Close codes after which it is not opened again. @default [1000, 1008, [4000, 4999]] */
  finalCodes?: Ranges | undefined;
}

/** Numbers, and pairs for all from one to another. */
export type Ranges = readonly (number | readonly [from: number, to: number])[];

/** A value, or a function that is asked for it at each try. */
export type EachTry<T> = T | (() => T | PromiseLike<T>);

/** A URL. */
export type Place = string | { readonly href: string };

/** Options that may be asked for at each try. */
export type EachTryOptions = {
  [Name in Exclude<
    keyof RequestOptions,
    'agent' | 'checkServerIdentity' | 'createConnection' | 'handshakeTimeout' | 'lookup' | 'maxRedirects' | 'signal'
  >]?: EachTry<RequestOptions[Name]>;
};

/** The options of `client.open`. */
export interface OpenOptions extends Omit<RequestOptions, keyof EachTryOptions>, EachTryOptions {
  /** @default false */
  reconnect?: boolean | ReconnectOptions | undefined;
  /** Bytes that are queued for a connection that is not open; with 0 `send` throws. @default 1048576 */
  maxQueuedBytes?: number | undefined;
}

/** The options of a `Client`. `mask` is `true` by default, and `maxConnections` is `Infinity`. */
export interface ClientOptions extends Omit<BaseOptions, 'url'>, OpenOptions {
  /** What `open()` opens. @default 'ws://localhost:3000' */
  url?: EachTry<Place> | undefined;
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** The events of a `Client`, with what their listeners get. */
export interface ClientEvents extends Omit<BaseEvents, 'open' | 'error'> {
  /** A connection is there, and this is the server's response. */
  open: [sid: string, res: IncomingMessage];
  /** As with `Base`, or an opening handshake came to nothing. */
  error: [error: WebSocketError | HandshakeError];
  /** A try is to be made, the first of which is 1, in so many ms; `sid` is the last that was open. */
  reconnecting: [attempt: number, delay: number, sid: string | null, url: string | undefined];
  /** No further try is made. */
  giveup: [error: HandshakeError];
}

/** A `Base` that opens its connections itself. */
export class Client<D = unknown> extends Base<D> {
  constructor(options?: ClientOptions);
  /** Opens a connection; `open` follows, or `error`. By default to `url`. */
  open(options?: OpenOptions): this;
  open(url: EachTry<Place>, options?: OpenOptions): this;
  /** The same; resolves with the sid, and rejects if no connection comes of it. */
  openAsync(options?: OpenOptions): Promise<string>;
  openAsync(url: EachTry<Place>, options?: OpenOptions): Promise<string>;

  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  on<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  on<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  once<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  once<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  once<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  off<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  off<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  off<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  addListener<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  addListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  addListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  removeListener<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  removeListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  removeListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependListener<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  prependListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependListener<E extends string | symbol>(event: OtherEvent<E>, listener: (...args: OtherArguments) => void): this;
  prependOnceListener<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  prependOnceListener<E extends keyof BaseEvents>(event: E, listener: (...args: BaseEvents[E]) => void): this;
  prependOnceListener<E extends string | symbol>(
    event: OtherEvent<E>,
    listener: (...args: OtherArguments) => void,
  ): this;
}
