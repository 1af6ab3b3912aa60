/// <reference types="node" />

// biome-ignore-all lint/suspicious/noExplicitAny: code that is written against the types of ws has to compile.

import { EventEmitter } from 'node:events';
import type {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  Server as HttpServer,
  IncomingMessage,
  OutgoingHttpHeaders,
} from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { createConnection } from 'node:net';
import type { Duplex, DuplexOptions } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { URL } from 'node:url';
import type { ZlibOptions } from 'node:zlib';

/** The arguments of the events of a WebSocket. */
interface WebSocketEvents {
  open: [];
  message: [data: WebSocket.RawData, isBinary: boolean];
  ping: [data: Buffer];
  pong: [data: Buffer];
  error: [error: Error];
  close: [code: number, reason: Buffer];
  upgrade: [response: IncomingMessage];
  redirect: [url: string, request: ClientRequest];
  'unexpected-response': [request: ClientRequest, response: IncomingMessage];
}

/** Data to send: anything that `Buffer.from` takes, a number, a Blob. */
type BufferLike =
  | string
  | number
  | NodeJS.ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | import('node:buffer').Blob
  | readonly any[]
  | { valueOf(): ArrayBuffer | SharedArrayBuffer | Uint8Array | readonly number[] | string }
  | { [Symbol.toPrimitive](hint: string): string };

/** Called when the data was written, or with the reason why it was not. */
type Written = (error?: Error) => void;

/** One WebSocket, with the API of `ws`: see `docs/guide/ws.md`. */
declare class WebSocket extends EventEmitter {
  /** It is not open yet. */
  static readonly CONNECTING: 0;
  /** Messages can be sent. */
  static readonly OPEN: 1;
  /** The closing handshake has started. */
  static readonly CLOSING: 2;
  /** It is over. */
  static readonly CLOSED: 3;

  /** It is not open yet. */
  readonly CONNECTING: 0;
  /** Messages can be sent. */
  readonly OPEN: 1;
  /** The closing handshake has started. */
  readonly CLOSING: 2;
  /** It is over. */
  readonly CLOSED: 3;

  /** The type of the data of binary messages. Default: `'nodebuffer'`. */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'blob' | 'fragments';
  /** Bytes that wait to be written, frame headers included. */
  readonly bufferedAmount: number;
  /** Names of the extensions that are on, with commas in between. */
  readonly extensions: string;
  /** Whether `pause` was called. */
  readonly isPaused: boolean;
  /** The subprotocol that was agreed on, or `''`. */
  readonly protocol: string;
  /** The state: one of `CONNECTING`, `OPEN`, `CLOSING` and `CLOSED`. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** The URL that a client opened. */
  readonly url: string;

  /** A listener of `open`. */
  onopen: ((event: WebSocket.Event) => void) | null;
  /** A listener of `error`. */
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  /** A listener of `close`. */
  onclose: ((event: WebSocket.CloseEvent) => void) | null;
  /** A listener of `message`. */
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;

  /** Only a server creates one without an address. */
  constructor(address: null);
  /** Opens a WebSocket. */
  constructor(address: string | URL, options?: WebSocket.ClientOptions | ClientRequestArgs);
  /** Opens a WebSocket, with a subprotocol or several to choose from. */
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs,
  );

  /** Sends a message. */
  send(data: BufferLike, callback?: Written): void;
  /** Sends a message, or a fragment of one. */
  send(data: BufferLike, options: WebSocket.SendOptions, callback?: Written): void;
  /** Sends a ping with at most 125 bytes. */
  ping(data?: any, mask?: boolean, callback?: Written): void;
  /** Sends a pong with at most 125 bytes. */
  pong(data?: any, mask?: boolean, callback?: Written): void;
  /** Starts the closing handshake. Without a code the close frame is empty. */
  close(code?: number, reason?: string | Buffer): void;
  /** Drops the connection at once. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;

  /** Adds a listener that gets an Event. */
  addEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener:
      | ((event: WebSocket.WebSocketEventMap[Type]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[Type]): void },
    options?: WebSocket.EventListenerOptions,
  ): void;
  /** Removes what `addEventListener` added. */
  removeEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener:
      | ((event: WebSocket.WebSocketEventMap[Type]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[Type]): void },
  ): void;

  on<E extends keyof WebSocketEvents>(event: E, listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void): this;
  on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  once<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  once(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  off<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  off(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  addListener<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  addListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  removeListener<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  removeListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  prependListener<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  prependListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  prependOnceListener<E extends keyof WebSocketEvents>(
    event: E,
    listener: (this: WebSocket, ...args: WebSocketEvents[E]) => void,
  ): this;
  prependOnceListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
}

/** The same class, under the name of its own property. */
declare const WebSocketClass: typeof WebSocket;
interface WebSocketClass extends WebSocket {}

declare namespace WebSocket {
  /** The data of a message. */
  type RawData = Buffer | ArrayBuffer | Buffer[];
  /** The data of a MessageEvent. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];
  /** A certificate or a key. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  /** The argument of `verifyClient`. */
  interface VerifyInfo<Request extends IncomingMessage = IncomingMessage> {
    /** The value of the `Origin` header. */
    origin: string;
    /** Whether the request came over TLS. */
    secure: boolean;
    req: Request;
  }
  /** Returns whether a handshake is accepted. */
  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (
    info: VerifyInfo<Request>,
  ) => boolean;
  /** Says so later, with a callback. */
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: VerifyInfo<Request>,
    callback: (isVerified: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void,
  ) => void;
  /** Ends each request of a client's handshake, with `request.end()`. */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void;

  /** Options of one message. */
  interface SendOptions {
    /** Whether it is sent as binary data. Default: unless it is a string. */
    binary?: boolean | undefined;
    /** Whether permessage-deflate may compress it. Default: `true`. */
    compress?: boolean | undefined;
    /** Whether it is the last fragment of its message. Default: `true`. */
    fin?: boolean | undefined;
    /** Whether the frame is masked. Default: by a client. */
    mask?: boolean | undefined;
  }

  /** Options of both a client and a server. */
  interface ConnectionOptions {
    /** Whether several events may be emitted in one turn of the event loop. Default: `true`. */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered automatically. Default: `true`. */
    autoPong?: boolean | undefined;
    /** How long the closing handshake may take, in ms. Default: 30,000. */
    closeTimeout?: number | undefined;
    /** Has no effect: chunks are joined as they come. */
    maxBufferedChunks?: number | undefined;
    /** Frames of one message; 0 is no limit. Default: 131,072. */
    maxFragments?: number | undefined;
    /** Bytes of one message; 0 is no limit. Default: 104,857,600. */
    maxPayload?: number | undefined;
    /** permessage-deflate (RFC 7692). Default: `true` of a client, `false` of a server. */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Whether text is not checked to be UTF-8. Default: `false`. */
    skipUTF8Validation?: boolean | undefined;
  }

  /** Options of a client; those of `http.request` and `https.request` are passed on. */
  interface ClientOptions extends ConnectionOptions, SecureContextOptions {
    agent?: Agent | undefined;
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
    createConnection?: typeof createConnection | undefined;
    family?: number | undefined;
    finishRequest?: FinishRequestCallback | undefined;
    /** Whether redirects are followed. Default: `false`. */
    followRedirects?: boolean | undefined;
    /** Fills in the masking key of each frame. */
    generateMask?(mask: Buffer): void;
    /** How long each request of the handshake may take, in ms. Default: no limit. */
    handshakeTimeout?: number | undefined;
    headers?: { [key: string]: string } | undefined;
    host?: string | undefined;
    localAddress?: string | undefined;
    /** Default: 10. */
    maxRedirects?: number | undefined;
    /** The value of the `Origin` header. */
    origin?: string | undefined;
    protocol?: string | undefined;
    /** 13, or 8. */
    protocolVersion?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
  }

  /** Options of permessage-deflate. Of the options for zlib, only `level` has an effect. */
  interface PerMessageDeflateOptions {
    clientMaxWindowBits?: number | undefined;
    clientNoContextTakeover?: boolean | undefined;
    /** Has no effect. */
    concurrencyLimit?: number | undefined;
    serverMaxWindowBits?: number | undefined;
    serverNoContextTakeover?: boolean | undefined;
    /** Messages of fewer bytes are not compressed. Default: 1,024. */
    threshold?: number | undefined;
    zlibDeflateOptions?: ZlibOptions | undefined;
    zlibInflateOptions?: ZlibOptions | undefined;
  }

  /** The argument of a listener of `addEventListener`. */
  interface Event {
    type: string;
    target: WebSocket;
  }
  interface ErrorEvent extends Event {
    error: any;
    message: string;
  }
  interface CloseEvent extends Event {
    code: number;
    reason: string;
    wasClean: boolean;
  }
  interface MessageEvent extends Event {
    data: Data;
  }
  /** The Event of each type. */
  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }
  interface EventListenerOptions {
    /** Whether the listener is called at most once. */
    once?: boolean | undefined;
  }

  /** Options of a server: set exactly one of `port`, `server` and `noServer`. */
  interface ServerOptions<
    Class extends typeof WebSocketClass = typeof WebSocketClass,
    Request extends typeof IncomingMessage = typeof IncomingMessage,
  > extends ConnectionOptions {
    backlog?: number | undefined;
    /** Whether `clients` is kept. Default: `true`. */
    clientTracking?: boolean | undefined;
    /** Chooses a subprotocol. Default: the first that the client offers. */
    handleProtocols?: (protocols: Set<string>, request: InstanceType<Request>) => string | false;
    host?: string | undefined;
    noServer?: boolean | undefined;
    /** Only requests for this path are accepted. */
    path?: string | undefined;
    port?: number | undefined;
    server?: HttpServer<Request> | HttpsServer<Request> | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<Request>>
      | VerifyClientCallbackSync<InstanceType<Request>>
      | undefined;
    /** A subclass to use instead of `WebSocket`. */
    WebSocket?: Class | undefined;
  }

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** The arguments of the events of a server. */
  interface ServerEvents<Class extends typeof WebSocketClass, Request extends typeof IncomingMessage> {
    connection: [websocket: InstanceType<Class>, request: InstanceType<Request>];
    headers: [headers: string[], request: InstanceType<Request>];
    wsClientError: [error: Error, socket: Duplex, request: InstanceType<Request>];
    error: [error: Error];
    listening: [];
    close: [];
  }

  /** A WebSocket server. */
  class Server<
    Class extends typeof WebSocketClass = typeof WebSocketClass,
    Request extends typeof IncomingMessage = typeof IncomingMessage,
  > extends EventEmitter {
    options: ServerOptions<Class, Request>;
    path: string;
    /** The open connections. `undefined` without `clientTracking`. */
    clients: Set<InstanceType<Class>>;

    constructor(options?: ServerOptions<Class, Request>, callback?: () => void);

    /** The address that it listens on. */
    address(): AddressInfo | string | null;
    /** Takes no more connections. `close` follows when the existing ones have ended. */
    close(callback?: (error?: Error) => void): void;
    /** Answers an upgrade request. The callback is not called if it is refused. */
    handleUpgrade(
      request: InstanceType<Request>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<Class>, request: InstanceType<Request>) => void,
    ): void;
    /** Whether a request is for this server. */
    shouldHandle(request: InstanceType<Request>): boolean | Promise<boolean>;

    on<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    on(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    once<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    once(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    off<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    off(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    addListener<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    addListener(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    removeListener<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    removeListener(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    prependListener<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    prependListener(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
    prependOnceListener<E extends keyof ServerEvents<Class, Request>>(
      event: E,
      listener: (this: Server<Class>, ...args: ServerEvents<Class, Request>[E]) => void,
    ): this;
    prependOnceListener(event: string | symbol, listener: (this: Server<Class>, ...args: any[]) => void): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketClass;
  interface WebSocket extends WebSocketClass {}

  /** Creates a Duplex on a WebSocket: each message is a chunk, and each chunk becomes a message. */
  function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex;

  /** The part of `Sender` that broadcasters use. */
  const Sender: {
    /** Returns a frame, for `_sender.sendFrame` or `_socket.write` of WebSockets. */
    frame(
      data: BufferLike,
      options: { opcode: number; fin?: boolean; rsv1?: boolean; mask?: boolean; generateMask?(mask: Buffer): void },
    ): Buffer[];
  };
  /** Parses and formats values of `Sec-WebSocket-Extensions`. */
  const extension: {
    parse(header: string): { [name: string]: { [parameter: string]: (string | true)[] }[] };
    format(extensions: {
      [name: string]: { [parameter: string]: unknown } | { [parameter: string]: unknown }[];
    }): string;
  };
  /** Parses values of `Sec-WebSocket-Protocol`. */
  const subprotocol: { parse(header: string): Set<string> };
}

export = WebSocket;
