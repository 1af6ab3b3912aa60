/**
 * The native functions: all that the addon exports, as `src/binding` takes and returns it. They check nothing that
 * `lib/` has checked already, except what would be unsound.
 */

/** What is sent: a string becomes UTF-8. */
type Data = string | ArrayBufferView;

/** A masking key, `null` if a frame is not masked; nothing if it is masked as the role asks for. */
type Key = Uint8Array | null | undefined;

/** What an endpoint wants of permessage-deflate (RFC 7692 §7.1). */
interface DeflatePolicy {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  /** 8 to 15. */
  serverMaxWindowBits: number;
  /** 8 to 15. */
  clientMaxWindowBits: number;
}

/** One element of a `Sec-WebSocket-Extensions` header. */
interface ExtensionElement {
  /** The extension's name. */
  name: string;
  /** The element as it stands in the header. */
  source: string;
}

/** The settings of a connection, in the order of `constants.setting`; those that are on or off are 1 or 0. */
export type Settings = Float64Array;

/** Where each setting has its place. */
export interface Places {
  mask: number;
  enforceMasking: number;
  /** Bytes of one message. */
  maxPayload: number;
  maxFragments: number;
  maxEmptyFragments: number;
  /** Reads that the payload of a frame may come in; `Infinity` is no limit. */
  maxChunks: number;
  /** Of those a second that nobody asked for; `Infinity` is no limit. */
  maxControlFrames: number;
  /** A second; `Infinity` is no limit. */
  maxMessages: number;
  /** Those that may come at once. */
  messageBurst: number;
  /** Whether a peer that sends more is not read for a while, rather than failed. */
  pausesMessages: number;
  /** Bytes that may wait to be written. */
  maxBufferedAmount: number;
  /** ms of silence after which the connection is closed; 0 is never. */
  timeout: number;
  /** ms of silence after which a ping is sent; 0 is never. */
  pingInterval: number;
  /** ms to wait for the peer's close frame, then for its FIN. */
  closeTimeout: number;
  /** zlib's, 0 to 9. */
  level: number;
  /** Messages of fewer bytes are not compressed. */
  threshold: number;
  /** The six of a `Manner`: see `src/protocol/manner.rs`. */
  autoPong: number;
  explains: number;
  hearsWhileClosing: number;
  sharesMemory: number;
  textAsBytes: number;
  validatesUtf8: number;
}

/** What both languages share; `src/binding/constants.rs` lists where each is defined. */
export interface Constants {
  /** Kinds of records. */
  readonly kind: Readonly<
    globalThis.Record<
      | 'TEXT'
      | 'BINARY'
      | 'PING'
      | 'PONG'
      | 'DRAIN'
      | 'CLOSING'
      | 'ERROR'
      | 'CLOSE'
      | 'WRITE'
      | 'END'
      | 'STOP'
      | 'GO'
      | 'UTF8'
      | 'LOST'
      | 'SECURE'
      | 'HEAD',
      number
    >
  >;
  readonly opcode: Readonly<globalThis.Record<'CONTINUATION' | 'TEXT' | 'BINARY' | 'CLOSE' | 'PING' | 'PONG', number>>;
  readonly statusCode: Readonly<
    globalThis.Record<'NORMAL' | 'GOING_AWAY' | 'NO_STATUS' | 'ABNORMAL' | 'TRY_AGAIN_LATER', number>
  >;
  /** What a request for a WebSocket asks for, of one who has come by a door: see `RequestHead`. */
  readonly asks: Readonly<globalThis.Record<'IN_ORDER' | 'OFFERS', number>>;
  /** How far the TLS of one is who has come by a door and is handed on, as a sum. */
  readonly tls: Readonly<globalThis.Record<'BEGUN' | 'SECURED', number>>;
  readonly setting: Readonly<Places>;
  /** Bounds that nobody can set. */
  readonly limit: Readonly<
    globalThis.Record<
      | 'MAX_HEADER_LENGTH'
      | 'MAX_CONTROL_PAYLOAD'
      | 'MAX_REASON_LENGTH'
      | 'MIN_WINDOW_BITS'
      | 'MAX_WINDOW_BITS'
      | 'HIGH_MARK'
      | 'MAX_SLOT'
      | 'NO_SLOT',
      number
    >
  >;
  /** The options of a `Base` that the protocol has defaults for, and the most empty fragments of a message. */
  readonly default: Readonly<
    globalThis.Record<
      | 'maxPayload'
      | 'maxFragments'
      | 'maxEmptyFragments'
      | 'maxControlFrames'
      | 'timeout'
      | 'pingInterval'
      | 'closeTimeout',
      number
    >
  >;
  /** The status codes that a close frame may carry, as ranges, both ends included. */
  readonly validStatusCodes: readonly (readonly [first: number, last: number])[];
  readonly PERMESSAGE_DEFLATE: 'permessage-deflate';
  readonly BACKPRESSURE: 'WS_ERR_BACKPRESSURE';
}

/** What a close frame says (RFC 6455 §5.5.1). */
export interface CloseFrame {
  /** The status code; 1005 if the frame carries none. */
  readonly code: number;
  readonly reason: string;
}

/** How a connection has ended. */
export interface End {
  /** The peer's close frame, if it came and was valid. */
  readonly received: CloseFrame | null;
  /** Ours, if the closing began: whether it left is not said. After the peer's it says the same. */
  readonly sent: CloseFrame | null;
  /** The closing handshake was completed: the peer's close frame came and ours left. TCP has ended after both. */
  readonly wasClean: boolean;
}

/**
 * What a record brings: a Buffer of a binary message and of bytes to write, an `End` of a close, a string of all else.
 * That of pings and pongs has a character for each byte, unless the group shares memory: it is a Buffer then.
 */
export type Payload = string | Buffer | End;

/**
 * One record: the slot, above four bits of kind; what it brings; the close code of an error, and its public code. If a
 * group shares memory, a small message, a ping or a pong is a slice of an ArrayBuffer: offset and length follow that.
 */
export type Record = [
  tag: number,
  payload: Payload | ArrayBuffer,
  codeOrOffset?: number,
  errorCodeOrLength?: string | number,
];

/** What a command returns: `true` if `flush` has to be called at the end of the tick. */
type Due = true | undefined;

/** The opening handshake, and what connections are named by. */
interface HandshakeFunctions {
  readonly constants: Constants;
  /** The version that this binary was built as. */
  version(): string;
  /** The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2, item 5.4). */
  acceptKey(key: string): string;
  /** A fresh connection id: 96 random bits in the URL-safe alphabet of base64. */
  newSid(): string;
  /** A number that no other topic of the process has: the shards serve every env. */
  newTopic(): number;
  /**
   * The elements of a `Sec-WebSocket-Extensions` value (RFC 6455 §9.1).
   *
   * @throws an Error that says what is wrong with it
   */
  parseExtensions(value: string): ExtensionElement[];
  /** A client's offer of permessage-deflate. */
  offerDeflate(policy: DeflatePolicy): string;
  /**
   * A server's answer to a client's `Sec-WebSocket-Extensions`, as far as it is about permessage-deflate; `null` if
   * no offer of it can be accepted.
   *
   * @throws an Error that says what is wrong with the value
   */
  acceptDeflate(value: string, policy: DeflatePolicy): string | null;
  /**
   * What is agreed on when a server has answered `offerDeflate`, as an element.
   *
   * @throws an Error that says why this is no answer to it
   */
  confirmDeflate(answer: string, policy: DeflatePolicy): string;
  /** What is wrong with an element that is to be the agreement on permessage-deflate, if anything is. */
  deflateProblem(element: string): string | undefined;
  /** Bytes that permessage-deflate may keep for a connection between two messages, with what was agreed on. */
  deflateMemory(agreed: string, mask: boolean): number;
}

/** A frame's header: its own length, that of the payload, and its fields. */
type FrameHeader = [
  size: number,
  length: number,
  fin: boolean,
  rsv1: boolean,
  rsv2: boolean,
  rsv3: boolean,
  opcode: number,
  mask: boolean,
];

/** Frames on their own. */
interface FrameFunctions {
  /** A Buffer with one frame. */
  encode(opcode: number, data: Data, mask: boolean, fragment: number): Buffer;
  /**
   * Writes a frame into memory, masked unless the key is `null`, and returns its length. Nothing is checked.
   */
  encodeFrame(
    into: Uint8Array,
    fin: boolean,
    rsv1: boolean,
    rsv2: boolean,
    rsv3: boolean,
    opcode: number,
    payload: Uint8Array,
    key: Uint8Array | null,
  ): number;
  /**
   * Checks that a frame may have this header; RSV bits may be set.
   *
   * @throws the violation, with its public code
   */
  checkHeader(fin: boolean, opcode: number, length: number): void;
  /**
   * The header that these bytes begin with; nothing if more bytes are needed. RSV bits may be set.
   *
   * @throws the violation, with its public code
   */
  parseHeader(bytes: Uint8Array): FrameHeader | undefined;
  /**
   * The length of the frame that these bytes begin with, header included; nothing if more bytes are needed.
   *
   * @throws the violation, with its public code, also if the payload has more than `maxPayload` bytes
   */
  frameSize(bytes: Uint8Array, maxPayload: number): number | undefined;
  /** Bytes that a message of `maxPayload` bytes may come in when it is compressed. */
  largestCompressed(maxPayload: number): number;
  /** Masks, or unmasks, in place (RFC 6455 §5.3). */
  applyMask(bytes: Uint8Array, key: Uint8Array): void;
}

/** The slice of time that all connections share in a turn of the event loop. */
interface SliceFunctions {
  /** The event loop has had its turn. */
  sliceRenew(): void;
  /** Delivering begins, until `sliceEnd`. Returns whether that counts by itself: if not, it is within other work. */
  sliceBegin(): boolean;
  /** Whether the event loop is to have its turn first. */
  sliceIsOver(): boolean;
  /** Delivering ends. */
  sliceEnd(): void;
}

/** The stream transport. Each function delivers the records that follow from it before it returns. */
interface StreamFunctions {
  /** Says what records are delivered to, and what has `streamTurns` called in a later turn of the event loop. */
  attachStreams(dispatch: (...record: Record) => void, later: () => void): void;
  /** What there was no time for is taken, in turn, for a slice of time. */
  streamTurns(now: number): void;
  /** The peer is gone: a stream that the app has paused is to bring what it has, and then its loss. */
  streamHangUp(slot: number): void;
  /**
   * Makes a connection, and returns its slot.
   *
   * @param filters permessage-deflate has its place among extensions in JavaScript
   */
  streamOpen(now: number, filters: boolean, settings: Settings, deflate: string): number;
  /** `open` may be emitted: what has come may be taken. Returns whether something has, for `streamTake`. */
  streamBegin(slot: number): boolean;
  /** The peer sent this. Returns whether there was no room for it: the connection is dropped then. */
  streamReceive(slot: number, chunk: Uint8Array, now: number): boolean;
  /** What came may be taken again; this many bytes wait to be written. */
  streamTake(slot: number, queued: number, now: number): void;
  /** The peer has ended, and this many bytes wait to be written. */
  streamEnd(slot: number, queued: number, now: number): void;
  /** The stream is lost: what it brought before that is taken, whatever the app asks for. */
  streamBreak(slot: number, now: number): void;
  /** The stream is lost, or to be dropped, and nothing more comes of it. */
  streamLose(slot: number, now: number): void;
  /** This many bytes wait to be written; `streamWritten` follows. */
  streamQueue(slot: number, queued: number): void;
  /** All that waited has been written. */
  streamWritten(slot: number): void;
  /** This many bytes wait to be written; `streamWritten` follows, and is reported. */
  streamAwaitDrain(slot: number, queued: number): void;
  /** The stream has written all, its end included. */
  streamFinished(slot: number): void;
  /** The connection is to be dropped, and nothing that came is delivered any more; `streamLose` follows. */
  streamTerminate(slot: number, now: number): void;
  /**
   * Whether a message may be added to the bytes that wait, which cost some more. If there is no room, the connection
   * is to be dropped.
   */
  streamMaySend(slot: number, queued: number, overhead: number): boolean;
  /** An extension holds more than it may: the connection is to be dropped. */
  streamOverflow(slot: number): void;
  /** Whether there was no room for more: the connection is dropped, and its error reported. */
  streamIsDropped(slot: number): boolean;
  /** An extension holds as much as it may, or no more. */
  streamFill(slot: number, on: boolean): void;
  /** JavaScript has seen all that came before the connection began to close. */
  streamReleaseClosingAnswer(slot: number): void;
  /** Begins the closing handshake. */
  streamClose(slot: number, code: number, reason: string | Uint8Array, now: number): void;
  /** Does what is due. */
  streamFire(slot: number, now: number, waits: boolean, taken: number): void;
  /** Reading is to be paused, or to go on. Returns whether it is paused then. */
  streamPause(slot: number, on: boolean, now: number): boolean;
  /** Whether the app has paused it. */
  streamIsPaused(slot: number): boolean;
  /** When `streamFire` is to be called; `Infinity` if nothing is due. */
  streamDeadline(slot: number): number;
  /** The most bytes that a message may have from now on. */
  streamSetMaxPayload(slot: number, bytes: number): void;
  /** A ping is about to be written. */
  streamPinged(slot: number): void;
  /** The frame of a message, which has to be written; nothing if the connection is closed. */
  streamMessage(slot: number, opcode: number, data: Data, compress: boolean, fragment: number): Buffer | undefined;
  /** A fragment of a message, or a control frame, which has to be written; nothing if the connection is closed. */
  streamFragment(
    slot: number,
    opcode: number,
    fin: boolean,
    compress: boolean,
    key: Key,
    data: Data,
  ): Buffer | undefined;
  /** The payload of the frame of a message, which has to be written; nothing if the message goes on as it is. */
  streamCompress(slot: number, message: Uint8Array): Buffer | undefined;
  /** What `streamCompress` returned last is not written. */
  streamForget(slot: number): void;
  /** A received frame with this opcode and RSV1 never comes to where permessage-deflate has its place. */
  streamMiss(slot: number, opcode: number, rsv1: boolean, now: number): void;
  /**
   * A received frame comes to where permessage-deflate has its place. Returns `true` if it goes on as it is, the
   * message that it ends, or nothing if it is kept.
   */
  streamInflate(slot: number, frame: Uint8Array, payload: Uint8Array, now: number): true | Buffer | undefined;
}

/** What a TLS handshake has come to. */
export interface SecureFacts {
  protocol: 'TLSv1.2' | 'TLSv1.3';
  /** The cipher suite, as OpenSSL calls it. */
  cipher: string;
  /** And as its RFC does. */
  standardName: string;
  /** What was agreed on by ALPN. */
  alpn: string | null;
  /** The name that the client asked for. */
  servername: string | null;
  isResumed: boolean;
}

/** TLS of clients on the socket transport, on platforms where certificates can be verified. */
export interface TrustFunctions {
  /**
   * Makes what a client's TLS connections share, and returns its number.
   *
   * @param roots PEM of those that are trusted
   * @param count how many they are
   * @param versions 1 for TLS 1.2, and 2 for TLS 1.3
   * @param certificates PEM, its own first; empty if it has none
   * @param key DER of PKCS #8
   * @throws an Error, that says why that cannot be done
   */
  clientContext(roots: Uint8Array, count: number, versions: number, certificates: Uint8Array, key: Uint8Array): number;
  /** No connection is opened with this context any more. */
  forgetClientContext(context: number): void;
  /**
   * As `openRaw` of a client, whose handshake begins.
   *
   * @param name of the server, or its IP address, in UTF-8
   */
  openSecured(fd: number, context: number, name: Uint8Array): number;
  /** The certificates that a server has shown, its own first, in DER. */
  peerCertificates(slot: number): Buffer[];
}

/** The socket transport, on platforms that have it. Commands are carried out by `flush`. */
export interface SocketFunctions {
  /**
   * Says what records are delivered to, one or more a call, and what puts off the rest of a long delivery: that gets
   * whether a connection keeps the event loop alive.
   */
  attach(
    dispatch: (...records: Record[number][]) => void,
    later: (keepsAlive: boolean) => void,
    rounds: object | null,
  ): void;
  /**
   * Makes a connection of a descriptor, which it duplicates, and returns its slot. If it throws, nothing has changed.
   *
   * @throws an Error with the system's code, `ERR_WS_TAKEOVER` or `ERR_WS_TOO_MANY_CONNECTIONS`
   */
  open(fd: number, base: number, settings: Settings, deflate: string): number;
  /**
   * Makes what TLS connections are secured with, and returns its number.
   *
   * @param certificates PEM, its own first
   * @param key DER of PKCS #8
   * @param ticketKeys 48 bytes
   * @param lifetime seconds that a session ticket is good for
   * @param versions 1 for TLS 1.2, and 2 for TLS 1.3
   * @param alpn the protocols of ALPN, as on the wire
   * @param sessionContext sessions go on only where this is the same
   * @throws an Error, that says why that cannot be done
   */
  secureContext(
    certificates: Uint8Array,
    key: Uint8Array,
    ticketKeys: Uint8Array,
    lifetime: number,
    versions: number,
    prefersOwnOrder: boolean,
    alpn: Uint8Array,
    sessionContext: Uint8Array,
  ): number;
  /** No connection is opened with this context any more. */
  forgetContext(context: number): void;
  /**
   * Makes a raw connection of a descriptor, as `open` does: its bytes are handed on, and no WebSocket has begun.
   *
   * @param context what it is secured with; `null` if `secure` says so once a record has brought the name that the peer
   *   asks for, and `undefined` for plain bytes
   */
  openRaw(fd: number, context: number | null | undefined): number;
  /** Makes a connection on the socket of a raw one, which is over once `change` is carried out. */
  openOver(raw: number, base: number, settings: Settings, deflate: string): number;
  /**
   * Has a shard accept connections by a duplicate of a listening socket, and returns the slot of that and the number of the
   * door. A record brings the head of each request for a WebSocket, of at most `most` bytes, or what
   * somebody else has said; the last is `Close`. If it throws, nothing has changed.
   *
   * @param context what the connections are secured with, if they are
   * @throws an Error with the system's code, `ERR_WS_TAKEOVER` or `ERR_WS_TOO_MANY_CONNECTIONS`
   */
  openDoor(fd: number, most: number, context: number | undefined): [slot: number, door: number];
  /**
   * It accepts no more, nor does anybody else who has a duplicate of the listening socket: its port is free when this
   * returns. Records bring who has said nothing yet.
   */
  closeDoor(slot: number): Due;
  /** Whoever has come by it and said nothing yet is dropped, but for TLS handshakes that are under way. */
  dropSilent(slot: number): Due;
  /** Connections that come from now on are secured with another context. */
  secureDoor(door: number, context: number): void;
  /** It reads heads of at most this many bytes from now on; with 0, nothing: a record brings each who comes. */
  readHeads(door: number, most: number): void;
  /** It is closed, and all who have come by it were opened, taken or dropped. */
  forgetDoor(door: number): void;
  /**
   * Makes a connection of one who has come by a door, and accepts the request, by a response with these lines beside the
   * usual ones. Returns its slot.
   *
   * @throws an Error, `ERR_WS_TOO_MANY_CONNECTIONS` or `ECONNRESET`: the descriptor is closed
   */
  openArrived(door: number, number: number, base: number, settings: Settings, deflate: string, lines: string): number;
  /**
   * Makes a raw connection of one who has come by a door, and whose TLS has begun. Returns its slot.
   *
   * @throws an Error, `ERR_WS_TOO_MANY_CONNECTIONS` or `ECONNRESET`: the descriptor is closed
   */
  openArrivedRaw(door: number, number: number): number;
  /**
   * A duplicate of the descriptor of one who has come by a door. If the env is ended before `settleArrived`, the peer hears of
   * that.
   *
   * @throws an Error with the system's code, such as `EMFILE`
   */
  lendArrived(door: number, number: number): number;
  /** The caller closes the duplicate, or nobody needs one: the descriptor itself is closed. */
  settleArrived(door: number, number: number): void;
  /**
   * Of the socket of a connection: its address, its port, its peer's port, and how many bytes of the opening handshake Rust
   * has read and written.
   */
  socketFacts(
    slot: number,
  ): [address: string, port: number, remotePort: number, read: number, written: number] | undefined;
  /** The raw connection, which has stopped, becomes the other one, with what it has delivered that was not used. */
  change(raw: number, slot: number, received: Uint8Array): Due;
  /** What a raw connection is secured with that waits for it; `null` if its bytes are to be handed on as they are. */
  secure(slot: number, context: number | null): Due;
  /** A raw connection reads no more, and reports that by a record. */
  stop(slot: number): Due;
  /** The write side of a raw connection is ended after what was sent. */
  endWrites(slot: number): Due;
  /** What a TLS handshake has come to; nothing before its end. */
  secureFacts(slot: number): SecureFacts | undefined;
  /** The certificate that a server has shown, DER. */
  ownCertificate(slot: number): Buffer | undefined;
  /** The shard has the socket to itself, and gets what JavaScript had read from it. */
  start(slot: number, received: Uint8Array): Due;
  /** One frame to one connection. The tag is the slot, above four bits of opcode and one for "compress". */
  frame(tag: number, data: Data): Due;
  /**
   * The same, if nothing but the slot is another than in the call of either before: all of these leave as one command.
   * The same data is the same string, or the same view, whatever is in it by now.
   */
  again(tag: number, data: Data): Due;
  /** One frame to each of some connections. */
  frames(slots: number[], opcode: number, data: Data, compress: boolean, fragment: number): Due;
  /** One frame to every connection that subscribes to a topic, but to those whose slots are in `except`: the slot itself if there is one. */
  publish(
    topic: number,
    opcode: number,
    data: Data,
    compress: boolean,
    fragment: number,
    except: number[] | number | null,
    isVolatile: boolean,
  ): Due;
  /** The connection, which does not do so yet, subscribes to a topic. */
  subscribe(slot: number, topic: number): Due;
  /** The connection, which did so, does not any more. */
  unsubscribe(slot: number, topic: number): Due;
  /** Volatile messages that it was skipped for. */
  skipped(slot: number): number;
  /** Begins the closing handshake. */
  close(slot: number, code: number, reason: string | Uint8Array): Due;
  /** JavaScript has seen all that came before the connection began to close. */
  releaseClosingAnswer(slot: number): Due;
  /** Drops the connection. */
  terminate(slot: number): Due;
  /** Stops reading and delivering, or goes on: with what came before, then with reading. */
  pause(slot: number, on: boolean): Due;
  /** A fragment of a message, or a control frame, to one connection. */
  sendFragment(slot: number, opcode: number, fin: boolean, compress: boolean, key: Key, data: Data): Due;
  /** Sends whole frames that JavaScript has encoded. */
  sendEncoded(slot: number, frames: Uint8Array): Due;
  /** The most bytes that a message may have from now on. */
  setMaxPayload(slot: number, bytes: number): Due;
  /** More than `HIGH_MARK` is queued for the peer, or on its way to the queue: `Drain` follows once nothing is. */
  askDrain(slot: number): Due;
  /** Whether anything waits to be written: that all of it is written is reported then. */
  awaitDrain(slot: number): boolean;
  /** Carries out the tick's commands. */
  flush(): void;
  /** Goes on with a delivery that was put off. */
  drain(): void;
  /** The env is about to exit. */
  leave(): void;
  /** Bytes queued for the peer, broadcasts under way included. */
  buffered(slot: number): number;
  /** Whether `Drain` comes when all that is queued for the peer has been written. */
  awaitsDrain(slot: number): boolean;
  /** Whether a send found the limit reached: the connection is dropped, and its error reported. */
  isDropped(slot: number): boolean;
  /** Bytes received since the takeover. */
  bytesRead(slot: number): number;
  /** Bytes written since the takeover. */
  bytesWritten(slot: number): number;
  /** Without effect on Unix-domain sockets. */
  setNoDelay(slot: number, on: boolean): void;
  /** Without effect on Unix-domain sockets. */
  setKeepAlive(slot: number, on: boolean, idle: number, interval: number, count: number): void;
  /** Whether the connection keeps the event loop alive. */
  setRef(slot: number, on: boolean): void;
  /** Whether a socket that a stream reads was reset, or has ended on both sides. */
  isHungUp(fd: number): boolean;
  /** The number of shards that run for this env. */
  ioThreads(): number;
  /** Who runs the rounds of this thread's shards. False if there is nobody of this name. */
  setLeader(leader: string): boolean;
  /** How many shards this thread leads. */
  leads(): number;
  /** How often the lead of a shard has changed. */
  leaderChanges(): number;
}

/**
 * All of them. Without the socket transport its functions are missing: whoever calls one either looks for it first, or
 * holds a slot that only `open` can have returned.
 */
export interface Native
  extends HandshakeFunctions,
    FrameFunctions,
    SliceFunctions,
    StreamFunctions,
    SocketFunctions,
    TrustFunctions {}
