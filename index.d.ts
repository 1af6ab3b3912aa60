/// <reference types="node" />

import { EventEmitter } from 'node:events';
import {
  Agent,
  Server as HttpServer,
  ServerOptions as HttpServerOptions,
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
} from 'node:http';
import { ClientHttp2Session, Http2ServerRequest } from 'node:http2';
import { Server as HttpsServer, ServerOptions as HttpsServerOptions } from 'node:https';
import { AddressInfo, ListenOptions, Server as NetServer } from 'node:net';
import { Duplex, Stream } from 'node:stream';
import { ConnectionOptions, SecureContext, SecureContextOptions } from 'node:tls';

/** The data of `send` and `ping`: a string becomes text, everything else binary data. */
export type Data = string | ArrayBufferView | ArrayBuffer;

/** The connections that a method is for: one sid, several, or `null` for all. */
export type Sids = string | readonly string[] | null;

/** How fast a peer may send messages. */
export interface MaxMessagesOptions {
  /** Messages per second in the long run, 1 to 1000000. `Infinity` is no limit. */
  perSecond: number;
  /** Messages that may come at once, 1 to 10000000. @default 10 * perSecond */
  burst?: number | undefined;
  /**
   * What happens to a peer that sends more. `'close'` emits an error and closes with 1008. With `'pause'` the peer is
   * not read until it may send the next message.
   * @default 'close'
   */
  action?: 'close' | 'pause' | undefined;
}

/** What a backplane reports to the `Base` that started it. */
export interface BackplaneEvents {
  /** The broker is available. The `Base` subscribes again to everything it was subscribed to before. */
  up(): void;
  /** The broker is not available, or no longer. */
  down(error: Error): void;
  /** A message was published to a channel. */
  message(channel: string, payload: Uint8Array): void;
}

/**
 * Carries topics between processes. `websockets/redis`, `websockets/nats` and `websockets/cluster` create one. If you
 * write one of your own, `websockets/backplane-test` tests it. Each backplane serves one `Base`.
 */
export interface Backplane {
  /** Connects, and connects again whenever the connection is lost, until `close`. Called once. */
  start(events: BackplaneEvents): void;
  /**
   * Subscribes to up to 1,000 channels, strings of 1 to 128 bytes. Some may be subscribed already. Resolves when
   * everything that is published from then on arrives. Called between `up` and `down`, one call at a time.
   */
  subscribe(channels: readonly string[]): Promise<unknown>;
  /**
   * Unsubscribes from channels. Some may be unsubscribed already, or may only have been subscribed on an earlier
   * connection. Called between `up` and `down`, one call at a time.
   */
  unsubscribe(channels: readonly string[]): Promise<unknown>;
  /**
   * Publishes to a channel, in the order of the calls, and resolves when the broker has taken the message. If the
   * broker is not available, it throws or rejects: nothing is kept for later, and nothing is sent twice.
   */
  publish(channel: string, payload: Uint8Array): Promise<unknown>;
  /** Ends the connections that it opened, but no client that it was given. Reports `down`. May be called again. */
  close(): Promise<void>;
}

/** The options of a `Base`. An option set to `undefined` uses its default. */
export interface BaseOptions {
  /** Carries topics to other processes and back. @default null */
  backplane?: Backplane | null | undefined;
  /**
   * Whether outgoing frames are masked: `true` is the client role, `false` the server role (RFC 6455 §5.1).
   * @default false
   */
  mask?: boolean | undefined;
  /**
   * A `ws:`, `wss:`, `ws+unix:` or `wss+unix:` URL. `Base` only keeps it for the app. A `Server` takes its path, a
   * `Client` opens it.
   * @default 'ws://localhost:3000'
   */
  url?: string | { readonly href: string } | undefined;
  /**
   * Milliseconds, 0 to 2147483647. If no byte comes from the peer for this long, the connection is closed with 1001 and
   * the reason `timeout`. 0 turns it off.
   * @default 600000
   */
  timeout?: number | undefined;
  /**
   * When one more is assigned, the oldest connection is closed with 1013. 1 or more; `Infinity` is allowed.
   * @default 10
   */
  maxConnections?: number | undefined;
  /**
   * Bytes of one incoming message, 0 to V8's longest string. More is an error and close 1009.
   * @default 16777216
   */
  maxPayload?: number | undefined;
  /**
   * Data frames of one fragmented incoming message, 1 to 4294967295. More is an error and close 1008.
   * @default 131072
   */
  maxFragments?: number | undefined;
  /**
   * Pings per second that a peer may send, together with pongs that answer none of ours. Ten times as many may come at
   * once. More is an error and close 1008. 1 to 1000000; `Infinity` is allowed.
   * @default 10000
   */
  maxControlFrames?: number | undefined;
  /**
   * Messages per second that a peer may send, 1 to 1000000; `Infinity` is no limit. Ten times as many may come at once.
   * More is an error and close 1008. An object says more about it.
   * @default Infinity
   */
  maxMessages?: number | MaxMessagesOptions | undefined;
  /**
   * Bytes queued for one peer that does not read. If a send finds this many, that is an error, and the connection is
   * dropped. 1 or more; `Infinity` is allowed.
   * @default 67108864
   */
  maxBufferedAmount?: number | undefined;
  /**
   * Bytes of payload in one outgoing frame. A longer message leaves in several frames. `send` has an option of the same
   * name. 1 or more; `Infinity` is no limit.
   * @default Infinity
   */
  fragment?: number | undefined;
  /**
   * Milliseconds that a closing may take, from the first close frame to the peer's FIN, 0 to 2147483647. Then the
   * socket is destroyed.
   * @default 5000
   */
  closeTimeout?: number | undefined;
  /**
   * Milliseconds of silence after which a ping is sent automatically, 0 to 2147483647. The wait for the answer starts
   * when what was queued before the ping has left. If the peer is silent for as long again, it is dropped with 1006. 0
   * turns it off.
   * @default 0
   */
  pingInterval?: number | undefined;
  /**
   * Whether frames are refused that are not masked as the sender's role demands (RFC 6455 §5.1). The default is `true`
   * for a `net.Socket` (TLS sockets included), for streams of HTTP/2, and for everything that comes through `Upgrade`,
   * `Server` or `Client`. It is `false` for any other stream.
   */
  enforceMasking?: boolean | undefined;
  /**
   * How messages are compressed (permessage-deflate, RFC 7692), on the connections that agreed on it. `true` and
   * `false` leave each setting at its default.
   * @default false
   */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** The settings of permessage-deflate. A setting of `undefined` uses its default. */
export interface PerMessageDeflateOptions {
  /**
   * Bytes. Shorter messages are sent uncompressed; empty ones always are. 0 or more.
   * @default 1024
   */
  threshold?: number | undefined;
  /**
   * How hard messages are compressed: 0 stores, 1 is the fastest, 9 the smallest.
   * @default 6
   */
  level?: number | undefined;
  /**
   * Bytes that the windows of all connections may take, 0 or more; `Infinity` is allowed. Past that, a `Server` agrees
   * on no more of them, and a `Client` does not offer permessage-deflate. `assignSocket` does not check it.
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
  /** The initial value of `connection.data`. */
  data?: D | undefined;
  /** Bytes that were read from the socket before all others: the third argument of `'upgrade'`. */
  head?: Uint8Array | null | undefined;
  /** The role of this connection. @default the `Base`'s `mask` */
  mask?: boolean | undefined;
  /** The subprotocol, for `connection.protocol`. Nothing is sent. @default '' */
  protocol?: string | null | undefined;
  /**
   * Who reads and writes. `'stream'`: always this thread. `'socket'`: an I/O thread; if none can,
   * `ERR_WS_UNSUPPORTED_SOCKET` is thrown. The default is an I/O thread if that can, otherwise this thread.
   */
  transport?: 'socket' | 'stream' | undefined;
  /**
   * With `false`, the socket object is destroyed when an I/O thread has the socket. The WebSocket goes on without it,
   * and takes less memory. Has no effect on the stream transport.
   * @default true
   */
  keepSocket?: boolean | undefined;
  /** Terminates the connection when it is aborted. */
  signal?: AbortSignal | undefined;
  /**
   * The extensions that were negotiated, in the order of the header: an array of names or whole elements, or the value
   * of a `Sec-WebSocket-Extensions` header. Each must be in `base.extensions`, or be `permessage-deflate`, which is
   * built in, with the parameters of the server's answer.
   */
  extensions?: string | readonly string[] | null | undefined;
}

/** The options of `send`. */
export interface SendOptions {
  /**
   * Whether the message may be compressed, if permessage-deflate is on.
   * @default true
   */
  compress?: boolean | undefined;
  /**
   * Bytes of payload in one frame. A longer message leaves in several frames. 1 or more; `Infinity` is no limit.
   * @default the `Base`'s `fragment`
   */
  fragment?: number | undefined;
  /** Who does not get the message: a sid, or several. Unknown and closed sids are skipped. */
  except?: string | readonly string[] | undefined;
}

/** The options of `publish`. */
export interface PublishOptions extends SendOptions {
  /**
   * Skips each subscriber that has more than 64 KiB waiting to be written: it does not get this message. Otherwise a
   * subscriber that does not read is dropped when `maxBufferedAmount` is reached.
   * @default false
   */
  volatile?: boolean | undefined;
  /**
   * Only reaches the subscribers of this process.
   * @default false
   */
  local?: boolean | undefined;
}

/** The options of `messages`. */
export interface MessagesOptions {
  /** Whose messages. With sids, the iterator ends when the last of these connections is over. @default null, all */
  sid?: Sids | undefined;
  /**
   * Whether binary messages come too.
   * @default false
   */
  binary?: boolean | undefined;
  /**
   * Bytes of messages that may wait to be taken: a string counts 100 bytes and two a character, a Buffer 600 bytes and
   * its length. Past that, a connection that sends one more is not read until half of the mark is left. 1 or more;
   * `Infinity` is allowed.
   * @default 1048576
   */
  highWaterMark?: number | undefined;
  /** Ends the iterator with an `AbortError`, after what waits was taken. */
  signal?: AbortSignal | undefined;
}

/** Published by the channel `websockets:open` of `node:diagnostics_channel`. */
export interface OpenMessage {
  base: Base;
  sid: string;
  connection: Connection;
}

/** Published by `websockets:close`. */
export interface CloseMessage extends OpenMessage {
  code: number;
  reason: string;
  /** Whether the closing handshake was completed. */
  wasClean: boolean;
}

/** Published by `websockets:message`. `data` is a string if the message is text. */
export interface MessageMessage extends OpenMessage {
  data: string | Buffer;
  isBinary: boolean;
}

/** Published by `websockets:error`. If a handshake has failed, there is no connection. */
export interface ErrorMessage {
  base: Base;
  sid: string | undefined;
  connection: Connection | undefined;
  error: Error & { code?: string };
}

/** What an opening handshake has come to. */
export interface HandshakeOutcome {
  /** The status of the response: 101, or 200 over HTTP/2, if a WebSocket was opened. None if there was no response. */
  status?: number | undefined;
  /** The subprotocol, or `''`. */
  protocol?: string | undefined;
  /** The code of the error, if no WebSocket was opened. */
  code?: string | undefined;
}

/** An opening handshake as the server sees it: the same object at its start and, with the outcome, at its end. */
export interface ServerHandshakeMessage extends HandshakeOutcome {
  role: 'server';
  request: UpgradeRequest;
  /** The path of the `Server`'s url; `undefined` if it takes every path. */
  route: string | undefined;
  /** The peer's IP address. To ask `request.socket` for it would have a socket made for a request that Rust has read. */
  remoteAddress: string | undefined;
  /** Whether it came by TLS. */
  encrypted: boolean;
}

/** An opening handshake as the client sees it: the same object at its start and, with the outcome, at its end. */
export interface ClientHandshakeMessage extends HandshakeOutcome {
  role: 'client';
  /** Without credentials. */
  url: string;
  /** Who hears of the start may add headers. They replace the app's of the same name; invalid ones are left out. */
  headers: Record<string, string>;
}

/** What `websockets:handshake:start` and `websockets:handshake:end` publish. */
export type HandshakeMessage = ServerHandshakeMessage | ClientHandshakeMessage;

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

/** One connection: what `base.sockets[sid]` holds. `D` is the type of its `data`. */
export interface Connection<D = unknown> {
  /** Its id: unique in the process, unguessable, never used again. */
  readonly sid: string;
  /** 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3;
  /** `'socket'`: an I/O thread reads and writes; `'stream'`: this thread does. */
  readonly transport: 'socket' | 'stream';
  /** The subprotocol that was passed to `assignSocket`, or `''`. */
  readonly protocol: string;
  /** Names of the extensions that are on, in the order of the header. */
  readonly extensions: readonly string[];
  /** Whether outgoing frames are masked: `true` in the client role. */
  readonly mask: boolean;
  /** The peer's IP address; `undefined` on a Unix-domain socket, and on a stream that has none. */
  readonly remoteAddress: string | undefined;
  /** The URL that a `Client` opened, without credentials; `undefined` if the socket was assigned. */
  readonly url: string | undefined;
  /** The socket that was assigned; `null` when the connection is over, or if `keepSocket: false` let go of it. */
  readonly socket: Duplex | Stream | null;
  /** Bytes that wait to be written to the peer. */
  readonly bufferedAmount: number;
  /** The names of the topics that it subscribes to: a copy. */
  readonly topics: string[];
  /** Subscribes to a topic, or to several. If the connection is not open, nothing happens. */
  subscribe(topic: string | readonly string[]): this;
  /** Unsubscribes from a topic, or from several; without an argument from all. */
  unsubscribe(topic?: string | readonly string[]): this;
  /** Your app's own, and writable. At first it is what was passed to `assignSocket`. */
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

/** One frame (RFC 6455 §5.2), the way extensions see it. They may change everything about it. */
export class Frame {
  /**
   * Without `buffer` it is an empty text frame, unmasked.
   *
   * @param buffer one whole frame, as it is on the wire. It is copied. Bytes that follow the frame become its `remnant`
   * @throws an Error whose `code` is a `FrameErrorCode`
   */
  constructor(buffer?: Uint8Array);
  /** Whether it is the last, or the only, fragment of its message. */
  fin: boolean;
  /** The reserved bits, for extensions (RFC 6455 §5.8). */
  rsv1: boolean;
  rsv2: boolean;
  rsv3: boolean;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  opcode: number;
  /** Whether it is masked on the wire. */
  mask: boolean;
  /** The masking key, 4 bytes; empty if an unmasked frame was read, `null` until one is needed. */
  masking: Buffer | null;
  /** The data that it carries, unmasked. You can set it to anything that `send` takes. */
  get content(): Buffer;
  set content(data: Data);
  /** The same bytes as they are on the wire: masked if `mask` is on. You can set it too. */
  get payload(): Buffer;
  set payload(data: Data);
  /** Bytes of the content. You can set it, but that has no effect. */
  length: number;
  /** Bytes that were read after the frame. */
  remnant: Buffer;
  /** Whether there were any. */
  readonly glued: boolean;
  /** Returns the value of a property. */
  get<Name extends FrameProperty>(name: Name): Frame[Name];
  /** Sets a property. */
  set<Name extends Exclude<FrameProperty, 'glued'>>(
    name: Name,
    value: Name extends 'content' | 'payload' ? Data : Frame[Name],
  ): this;
  /**
   * Becomes the frame in `buffer`, which the constructor describes. If it throws, nothing has changed.
   *
   * @throws an Error whose `code` is a `FrameErrorCode`
   */
  mapFrame(buffer: Uint8Array): this;
  /** Returns what is wrong with the frame, or `null`. The reserved bits may be set. */
  isValid(): (Error & { code: FrameErrorCode }) | null;
  /** Returns the frame as it is on the wire. It does not check the frame. */
  toBuffer(): Buffer;
}

/**
 * An extension calls it once for each frame, at once or later. It passes the frame that goes on, by default the one
 * that it got. Or it passes an error: that is emitted, and the frame is dropped.
 */
export type Next = (error?: Error | null, frame?: Frame) => void;

/** An extension in `base.extensions`: it has `read`, `write`, or both. */
export interface Extension {
  /** Whether it uses RSV1. `Server`, `Client` and `Upgrade` turn on at most one that does. @default false */
  rsv1?: boolean | undefined;
  /** Gets each frame of the peer. */
  read?(this: Connection, next: Next, frame: Frame): void;
  /** Gets each frame to the peer. */
  write?(this: Connection, next: Next, frame: Frame): void;
}

/** The result of `stats()`. The counters only grow. */
export interface Stats {
  /** Open connections. */
  connections: number;
  /** Open connections on the stream transport. */
  streams: number;
  /** Connections that are closing, until their `close`. */
  closing: number;
  /** Counter: messages emitted. */
  messagesReceived: number;
  /** Counter: messages sent. One sent to all counts once for each connection. */
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
  /** Counter: messages published, one for each subscriber, skipped ones included. */
  deliveries: number;
  /** Counter: volatile messages that a subscriber did not get, because too much waited to be written to it. */
  skipped: number;
  /** Counter: messages that the backplane took. */
  backplanePublished: number;
  /** Counter: messages that the backplane did not take: the broker was not available, or too much waited for it. */
  backplaneRefused: number;
  /** Counter: messages of other processes that were delivered here. */
  backplaneReceived: number;
  /** Counter: messages of other processes that have not arrived, known by the gaps in their numbers. */
  backplaneLost: number;
  /** Counter: messages of other processes that came again or too late, and were dropped. */
  backplaneDuplicates: number;
  /** 1 while the broker is available, otherwise 0. */
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
  /** I/O threads whose work this JavaScript thread does itself now. */
  ioThreadsLed: number;
  /** Counter: how often such work has gone from one thread to another. */
  leaderChanges: number;
}

/** The `code` of a peer's error. `docs/api/errors.md` has the table. */
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

/** The `code` of a frame's error: `new Frame` throws it, `isValid` returns it. */
export type FrameErrorCode =
  | 'WS_ERR_EXPECTED_FIN'
  | 'WS_ERR_INCOMPLETE_FRAME'
  | 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
  | 'WS_ERR_INVALID_MASKING_KEY'
  | 'WS_ERR_INVALID_OPCODE'
  | 'WS_ERR_NON_MINIMAL_PAYLOAD_LENGTH'
  | 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH';

/** The `code` of an opening handshake's error, unless the error is the system's or Node's own. */
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
 * The `code` of an error that is thrown, and the two that are only emitted: `ERR_WS_BACKPLANE`, and
 * `ERR_WS_EXTENSION` for an extension's error that has no code itself. `docs/api/errors.md` has the table.
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
 * A peer did something that ends its connection. With `ERR_WS_EXTENSION` and 1011 an extension caused it: it dropped a
 * compressed frame to which later frames refer.
 */
export interface PeerError extends Error {
  code: WebSocketErrorCode | 'ERR_WS_EXTENSION';
  /** The connection that it happened on. */
  sid: string;
  /** The status code that the connection ends with. */
  closeCode: number;
}

/** An extension reported an error, or did something wrong. The frame is dropped, and the connection goes on. */
export interface ExtensionError extends Error {
  /** The error's own, or `ERR_WS_EXTENSION`; a `FrameErrorCode` if its frame must not be sent. */
  code: string;
  /** The connection that it happened on. */
  sid: string;
  closeCode?: undefined;
}

/**
 * The broker of the backplane refused something, or sent something that is no message of this module. It is about no
 * connection, and none is closed.
 */
export interface BackplaneError extends Error {
  code: 'ERR_WS_BACKPLANE';
  /** What the client library, or your own backplane, reported. */
  cause: unknown;
  sid?: undefined;
  closeCode?: undefined;
}

/**
 * The argument of an `'error'` listener. If it has a `closeCode`, a peer caused it. If it has a `sid` alone, an
 * extension did, and if it has neither, the backplane.
 */
export type WebSocketError = PeerError | ExtensionError | BackplaneError;

/** An opening handshake failed. */
export interface HandshakeError extends Error {
  /** A `HandshakeErrorCode`, or the code of the system's or Node's own error. */
  code?: string;
  /** The status that was answered. */
  statusCode?: number;
  /** The headers of the server's response. */
  headers?: IncomingHttpHeaders;
  /** The first 1024 bytes of the body of a server's response, as text. */
  body?: string;
  /** The error that a function of your app threw. */
  cause?: unknown;
  /** Errors of a `Client`: the URL, without credentials. */
  url?: string;
  /** `ERR_WS_CLOSED`: the code of the close frame. */
  closeCode?: number;
  /** `ERR_WS_CLOSED`: the reason in the close frame. */
  reason?: string;
  /** There is no connection yet, or none any more. */
  sid?: undefined;
  /** The last error of a `Client`: the number of messages that were queued, and will not be sent. */
  unsent?: number;
}

/** The events of a `Base`, with the arguments of their listeners. */
export interface BaseEvents {
  /** A socket was assigned. */
  open: [sid: string];
  /** A text message came. */
  message: [text: string, sid: string];
  /** A binary message came. The Buffer belongs to the listener. */
  binary: [data: Buffer, sid: string];
  /** A ping came, and its pong is queued. `data` is the payload, `text` is the payload read as UTF-8. */
  ping: [text: string, sid: string, data: Buffer];
  /** A pong came. */
  pong: [text: string, sid: string, data: Buffer];
  /**
   * A connection is over. Emitted once for each `open`, as the last event of that sid. `wasClean` says whether the
   * closing handshake was completed.
   */
  close: [reason: string, sid: string, code: number, wasClean: boolean];
  /** A peer broke the protocol or a limit, or an extension or the backplane failed. Not thrown if nobody listens. */
  error: [error: WebSocketError];
  /** More than 64 KiB were queued for this peer, and now nothing is. */
  drain: [sid: string];
  /** The broker of the backplane is available, or is not. Never twice the same. Only `'down'` has an error. */
  backplane: [state: 'up' | 'down', error: Error | undefined];
}

/** An event name that is not in `BaseEvents`: an event of a subclass. */
export type OtherEvent<E> = E extends keyof BaseEvents ? never : E;

/** The arguments of such an event, with the type that Node.js gives them: a listener may declare what it expects. */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown[]`, no listener could declare its parameters' types.
export type OtherArguments = any[];

/** Many WebSocket connections in one EventEmitter. `D` is the type of `sockets[sid].data`. */
export interface Base<D = unknown> extends EventEmitter {
  /** Whether outgoing frames are masked. A change holds for sockets that you assign from then on. */
  mask: boolean;
  /** The url, parsed. You can set it to a string or anything with an `href`. */
  get url(): BaseUrl;
  set url(value: string | { readonly href: string });
  /** Milliseconds of silence. A change holds for sockets that you assign from then on. */
  timeout: number;
  /** The most connections. A change takes effect at the next `assignSocket`. */
  maxConnections: number;
  /** Extensions by name. The `extensions` option of `assignSocket` says which are on for a socket. */
  extensions: Record<string, Extension>;

  /** The number of open connections. */
  readonly connections: number;
  /** The open connections by sid: live, read-only, oldest first. */
  readonly sockets: { readonly [sid: string]: Connection<D> | undefined };
  /** The sids of the open connections: live, read-only, oldest first. */
  readonly socketsHistory: readonly string[];

  /** Sends a message to all: a string as text, everything else as binary. */
  send(data: Data): this;
  /** Sends a message to the connections of `sid`. Unknown and closed sids are skipped. */
  send(sid: Sids, data: Data, options?: SendOptions): this;

  /**
   * Subscribes connections to a topic, or to several. A topic exists while somebody subscribes to it. Its name is any
   * well-formed string of 1 byte to 128 KiB of UTF-8. Unknown and closed sids are skipped.
   */
  subscribe(sid: Sids, topic: string | readonly string[]): this;
  /** Unsubscribes connections, without a topic from all. A connection that closes leaves all its topics. */
  unsubscribe(sid: Sids, topic?: string | readonly string[]): this;
  /** Sends a message to all subscribers of a topic, and returns how many of them are connections of this `Base`. */
  publish(topic: string, data: Data, options?: PublishOptions): number;
  /** The sids of the connections of this `Base` that subscribe to a topic: a copy. */
  subscribers(topic: string): string[];
  /** The names of the topics of this `Base`, or of one connection: a copy. */
  topics(sid?: string | null): string[];

  /** Pings all, without data. */
  ping(): this;
  /** Pings these connections, or with `null` all, without data. A single string is data: see the next form. */
  ping(sids: readonly string[] | null): this;
  /** Pings all, with at most 125 bytes of data. */
  ping(data: Data): this;
  /** Pings the connections of `sid`, with at most 125 bytes of data. */
  ping(sid: Sids, data: Data): this;

  /** Closes all connections with 1001. */
  close(): this;
  /** Closes the connections of `sid` with 1000 and a reason of at most 123 bytes. */
  close(sid: Sids, reason?: string | Uint8Array | null): this;
  /** Closes with another code: 1000 to 1003, 1007 to 1014, 3000 to 4999. */
  close(sid: Sids, code: number, reason?: string | Uint8Array | null): this;

  /** Drops connections without a closing handshake; `close` follows with 1006. */
  terminate(sid: Sids): this;

  /**
   * Turns a socket, or any other stream, into a connection. The opening handshake is done by then. Emits `open` before
   * it returns.
   *
   * @param socket an old-style stream has `write()` and `end()`
   * @returns the connection's sid
   */
  assignSocket(socket: Duplex | Stream, options?: AssignSocketOptions<D>): string;

  /** Bytes that wait to be written to this peer; 0 if the sid is unknown or closed. */
  bufferedAmount(sid: string): number;
  /** Stops reading: nothing of these peers is emitted until `resume`. */
  pause(sid: Sids): this;
  /** Goes on reading. */
  resume(sid: Sids): this;
  /** Returns counters, for a metrics page for example. */
  stats(): Stats;

  /** The text messages from now on, as an async iterator. */
  messages(
    options?: MessagesOptions & { binary?: false | undefined },
  ): AsyncIterableIterator<[text: string, sid: string]>;
  /** The messages from now on: a string if the message is text, a Buffer if it is binary. */
  messages(options: MessagesOptions): AsyncIterableIterator<[data: string | Buffer, sid: string]>;

  /**
   * Closes all connections, as `close()` does, and resolves when the last is over. A `Server` stops. Node.js has the
   * symbol from 18.18 and 20.5 on.
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

/** Many WebSocket connections in one EventEmitter. */
export const Base: BaseConstructor;

/**
 * The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
 *
 * @param key the value in the request, without white space around it
 */
export function acceptKey(key: string): string;

/**
 * Says who reads and writes for the connections of this JavaScript thread on the socket transport: `'thread'`, the I/O
 * threads; `'auto'`, the default, this thread while it is idle, where the process is Node.js on Linux.
 */
export function setLeader(leader: 'auto' | 'thread'): void;

/** The options of {@link createSecureServer}: those of `https.createServer`, and its own. */
export interface SecureServerOptions extends HttpsServerOptions {
  /** TLS handshakes under way at a time, an integer from 1 or `Infinity`. One more is closed at once. @default 10000 */
  maxHandshakes?: number | undefined;
}

/** What `server.listen` takes beside a port. */
export interface SecureListenOptions {
  /** Options of {@link createSecureServer}, which then creates the HTTP server. */
  tls: SecureServerOptions;
}

/** An `https.Server` whose TLS the I/O threads do, if they can. */
export interface SecureServer extends HttpsServer {
  /** Who does the TLS of connections that come now. `reason` says why it is Node.js; `null` if it is not. */
  readonly tls: { readonly provider: 'rustls' | 'node'; readonly reason: string | null };
}

/**
 * As `https.createServer`, but the I/O threads do the TLS, and carry the WebSockets.
 *
 * @throws what `https.createServer` throws; a `TypeError` or a `RangeError` if `maxHandshakes` is wrong
 */
export function createSecureServer(requestListener?: RequestListener): SecureServer;
export function createSecureServer(options: SecureServerOptions, requestListener?: RequestListener): SecureServer;

/**
 * As `http.createServer`, but the I/O threads read the requests that open WebSockets, and carry those.
 *
 * @throws what `http.createServer` throws
 */
export function createServer(requestListener?: RequestListener): HttpServer;
export function createServer(options: HttpServerOptions, requestListener?: RequestListener): HttpServer;

/**
 * As `tls.createSecureContext`. A server of {@link createSecureServer} can use it for a name without the TLS of Node.js.
 */
export function createSecureContext(options?: SecureContextOptions): SecureContext;

/** Headers that the app adds to a handshake. Those that the handshake sets itself are refused. */
export type HandshakeHeaders = Record<string, string | number | readonly string[]>;

/** What `shouldAccept` returns to accept a request, with additions for this request only. */
export interface Acceptance<D = unknown> {
  /** With a status or a body it would be a refusal. */
  status?: never;
  body?: never;
  /** More headers of this response 101, such as `Set-Cookie`. */
  headers?: HandshakeHeaders | undefined;
  /** The subprotocol: one of those offered. It takes precedence over the option `protocols`. */
  protocol?: string | undefined;
  /** The initial value of `connection.data`. */
  data?: D | undefined;
}

/**
 * What `shouldAccept` returns. `true` or an `Acceptance` upgrades the request. `false` refuses it with 403, a number
 * with that status, 400 to 599. A redirect (301, 302, 303, 307 or 308) must have a `Location`.
 */
export type Verdict<D = unknown> =
  | boolean
  | number
  | { status: number; headers?: HandshakeHeaders; body?: string; data?: never }
  | { status?: number; headers?: HandshakeHeaders; body: string; data?: never }
  | Acceptance<D>;

/** A request for a WebSocket, over HTTP/1.1 or over HTTP/2. */
export type UpgradeRequest = IncomingMessage | Http2ServerRequest;

/** Which origins are allowed. Only a function can allow a request without an origin. */
export type Origins<R extends UpgradeRequest = IncomingMessage> =
  | string
  | RegExp
  | readonly (string | RegExp)[]
  | ((origin: string | undefined, req: R) => boolean | PromiseLike<boolean>);

/** The subprotocols of a server, in order of preference, or a function that chooses one of those offered. */
export type SubprotocolChoice<R extends UpgradeRequest = IncomingMessage> =
  | string
  | readonly string[]
  | ((offered: string[], req: R) => string | false | null | undefined | PromiseLike<string | false | null | undefined>);

/** Options that `Server` and `handleUpgradeRequest` have in common. */
export interface HandshakePolicy<D = unknown, R extends UpgradeRequest = IncomingMessage> {
  /** Which origins are allowed. @default all, and requests without one */
  origins?: Origins<R> | undefined;
  /** Which subprotocol is chosen. @default none */
  protocols?: SubprotocolChoice<R> | undefined;
  /** More headers of the response that opens the WebSocket. */
  headers?: HandshakeHeaders | undefined;
  /** Called last, for a request that is in order. */
  shouldAccept?: ((req: R) => Verdict<D> | PromiseLike<Verdict<D>>) | undefined;
  /**
   * Milliseconds that `origins`, `protocols` and `shouldAccept` may take together. Then the request is refused with
   * 503. 0 turns it off.
   * @default 10000
   */
  handshakeTimeout?: number | undefined;
}

/** The options of `handleUpgradeRequest`. */
export interface HandleUpgradeOptions<D = unknown, R extends UpgradeRequest = IncomingMessage>
  extends HandshakePolicy<D, R> {
  /** The third argument of `'upgrade'`: it is passed on to the callback. */
  head?: Uint8Array | null | undefined;
  /** Extensions that may be accepted, in the form of `base.extensions`, or their names. */
  extensions?: Record<string, Extension> | readonly string[] | undefined;
  /** Whether, and how, permessage-deflate is accepted. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** Options of `tls.connect` and `net.connect`. */
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
  /** Makes the connection instead of Node.js. */
  createConnection?:
    | ((options: object, connected: (error: Error | null, socket: Duplex) => void) => Duplex | null | undefined)
    | undefined;
  family?: number | undefined;
  localAddress?: string | undefined;
  localPort?: number | undefined;
  maxHeaderSize?: number | undefined;
}

/** Options that `Client` and `createUpgradeRequest` have in common. */
export interface RequestOptions extends ConnectOptions {
  /** @default none: each handshake has a connection of its own */
  agent?: Agent | undefined;
  /** Milliseconds for the whole handshake; 0 turns it off. @default 10000 */
  handshakeTimeout?: number | undefined;
  headers?: HandshakeHeaders | undefined;
  /**
   * With `true`, `wss:` URLs use HTTP/2 if the server takes WebSockets that way, several on one connection. With a
   * session of `http2.connect`, all use that one.
   * @default false
   */
  http2?: boolean | ClientHttp2Session | undefined;
  /** How many redirects are followed, 0 to 100. @default 0 */
  maxRedirects?: number | undefined;
  /** The `Origin` header. */
  origin?: string | undefined;
  /** Subprotocols that are offered. The server must choose one of them. */
  protocols?: string | readonly string[] | undefined;
  /** Ends the handshake, not the connection. */
  signal?: AbortSignal | undefined;
}

/** The options of `createUpgradeRequest`. */
export interface CreateUpgradeOptions extends RequestOptions {
  /** Extensions that are offered, in the form of `base.extensions`, or their names. */
  extensions?: Record<string, Extension> | readonly string[] | undefined;
  /** Whether, and how, permessage-deflate is offered. @default false */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** The result of an opening handshake: options for `assignSocket`. */
export interface UpgradeResult<D = undefined> {
  /** On a server: the `data` of `shouldAccept`. */
  data?: D | undefined;
  /** The value of `Sec-WebSocket-Extensions`, or `''`. */
  extensions: string;
  /** The subprotocol, or `''`. */
  protocol: string;
  /** Bytes that were read after the handshake. */
  head?: Uint8Array | undefined;
  /** `true` on a client. */
  mask?: boolean | undefined;
}

/** Gets either an error, or `null` and the arguments for `assignSocket`. */
export type HandleUpgradeCallback<D = undefined> = (
  ...result:
    | [error: HandshakeError, socket: undefined, options: undefined]
    | [error: null, socket: Duplex, options: UpgradeResult<D>]
) => void;

/** Gets either an error, or `null`, the arguments for `assignSocket`, and the response. */
export type CreateUpgradeCallback = (
  ...result:
    | [error: HandshakeError, socket: undefined, options: undefined, res: undefined]
    | [error: null, socket: Duplex, options: UpgradeResult, res: IncomingMessage]
) => void;

/** The opening handshake (RFC 6455 §4), if you assign sockets yourself. */
export const Upgrade: {
  /** Answers a client's handshake. If the request is not upgraded, it is answered too, and its socket is closed. */
  handleUpgradeRequest(req: UpgradeRequest, socket: Duplex, callback?: HandleUpgradeCallback): void;
  handleUpgradeRequest<D = undefined, R extends UpgradeRequest = UpgradeRequest>(
    req: R,
    socket: Duplex,
    options: HandleUpgradeOptions<D, R> | undefined,
    callback?: HandleUpgradeCallback<D>,
  ): void;
  /** Starts a client's handshake. */
  createUpgradeRequest(url: string | { readonly href: string }, callback?: CreateUpgradeCallback): void;
  createUpgradeRequest(
    url: string | { readonly href: string },
    options: CreateUpgradeOptions | undefined,
    callback?: CreateUpgradeCallback,
  ): void;
};

/** The options of a `Server`. `maxConnections` is `Infinity` by default; when it is reached, one more gets 503. */
export interface ServerOptions<D = unknown, R extends UpgradeRequest = IncomingMessage>
  extends BaseOptions,
    HandshakePolicy<D, R> {
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** The option of `assignSocket`, for every connection. @default true */
  keepSocket?: boolean | undefined;
  /**
   * Handshakes that may be under way at a time. One more gets 503.
   * @default Infinity
   */
  maxHandshakes?: number | undefined;
  /**
   * Connections that one address may have. Handshakes under way and closing connections count. One more gets 429. IPv6
   * addresses of one /64 count together.
   * @default Infinity
   */
  maxConnectionsPerAddress?: number | undefined;
  /**
   * Returns the address for which `maxConnectionsPerAddress` counts a request: an IP address, or any other string that
   * is not empty. Set it if the server is behind a proxy.
   * @default req => req.socket.remoteAddress
   */
  addressOf?: ((req: R) => string) | undefined;
}

/** The events of a `Server`, with the arguments of their listeners. */
export interface ServerEvents<R extends UpgradeRequest = IncomingMessage> extends Omit<BaseEvents, 'open' | 'error'> {
  /** A connection is open. `req` is the request that asked for it. */
  open: [sid: string, req: R];
  /** The event of `Base`; or an opening handshake failed because of your app. */
  error: [error: WebSocketError | HandshakeError];
}

/**
 * A `Base` that answers the upgrade requests of HTTP servers. If it listens on a server of HTTP/2, it is a
 * `Server<unknown, UpgradeRequest>`: its requests may be an `Http2ServerRequest`.
 */
export class Server<D = unknown, R extends UpgradeRequest = IncomingMessage> extends Base<D> {
  constructor(options?: ServerOptions<D, R>);
  /** Decides whether a request that is in order is upgraded. The option of this name replaces it. */
  shouldAccept(req: R): Verdict<D> | PromiseLike<Verdict<D>>;
  /** Takes the upgrade requests of an HTTP server, also of `node:http2`. */
  listen(httpServer: NetServer): this;
  /** Creates an HTTP server of {@link createServer} that listens there; with `tls`, one of {@link createSecureServer}. */
  listen(port: number, host?: string, callback?: () => void): this;
  listen(port: number, callback?: () => void): this;
  listen(port: number, options: SecureListenOptions, callback?: () => void): this;
  listen(port: number, host: string, options: SecureListenOptions, callback?: () => void): this;
  listen(path: string, callback?: () => void): this;
  listen(options: ListenOptions & Partial<SecureListenOptions>, callback?: () => void): this;
  /** The address of the first HTTP server that it listens on. */
  address(): AddressInfo | string | null;
  /** Stops the server: it upgrades no more requests, closes all connections with 1001, and leaves the HTTP servers. */
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
  /** The factor by which the longest wait grows with each try, 1 to 100. @default 2 */
  factor?: number | undefined;
  /** How much of the wait is random, 0 to 1. @default 1 */
  jitter?: number | undefined;
  /** Tries in a row. @default Infinity */
  maxRetries?: number | undefined;
  /** Statuses of a response after which it does not try again. @default [401, 403, 404] */
  finalStatuses?: Ranges | undefined;
  /** Close codes after which it does not try again. @default [1000, 1008, [4000, 4999]] */
  finalCodes?: Ranges | undefined;
}

/** Numbers, and pairs that are ranges. */
export type Ranges = readonly (number | readonly [from: number, to: number])[];

/** A value, or a function that returns it for each try. */
export type EachTry<T> = T | (() => T | PromiseLike<T>);

/** A URL. */
export type Place = string | { readonly href: string };

/** Options that may be functions, which are called for each try. */
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
  /** Bytes that may be queued for a connection that is not open. With 0, `send` throws. @default 1048576 */
  maxQueuedBytes?: number | undefined;
}

/** The options of a `Client`. By default `mask` is `true`, and `maxConnections` is `Infinity`. */
export interface ClientOptions extends Omit<BaseOptions, 'url'>, OpenOptions {
  /** What `open()` opens. @default 'ws://localhost:3000' */
  url?: EachTry<Place> | undefined;
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
}

/** The events of a `Client`, with the arguments of their listeners. */
export interface ClientEvents extends Omit<BaseEvents, 'open' | 'error'> {
  /** A connection is open. `res` is the server's response. */
  open: [sid: string, res: IncomingMessage];
  /** The event of `Base`; or an opening handshake failed. */
  error: [error: WebSocketError | HandshakeError];
  /** It will try again in `delay` ms. The first try is 1. `sid` is the connection that was lost, if there was one. */
  reconnecting: [attempt: number, delay: number, sid: string | null, url: string | undefined];
  /** No further try is made. */
  giveup: [error: HandshakeError];
}

/** A `Base` that opens its connections itself. */
export class Client<D = unknown> extends Base<D> {
  constructor(options?: ClientOptions);
  /** Opens a connection, by default to `url`. `open` follows, or `error`. */
  open(options?: OpenOptions): this;
  open(url: EachTry<Place>, options?: OpenOptions): this;
  /** Does the same. Resolves with the sid, and rejects if no connection comes about. */
  openAsync(options?: OpenOptions): Promise<string>;
  openAsync(url: EachTry<Place>, options?: OpenOptions): Promise<string>;
  /** Who does the TLS of what `open()` opens without options. `reason` says why it is Node.js; `null` if it is not. */
  readonly tls: { readonly provider: 'rustls' | 'node'; readonly reason: string | null };

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
