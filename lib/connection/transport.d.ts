/**
 * What moves the bytes of a connection. There are two: the socket transport (a shard in Rust owns the descriptor) and
 * the stream transport (this thread moves the bytes of a `Duplex`).
 *
 * `C` is the connection. The type of it would make an import upward.
 */
export interface Transport<C> {
  /** What `connection.transport` says. */
  readonly name: 'socket' | 'stream';
  /** Says whose records these are; called once, before `start`. */
  bind(connection: C): void;
  /**
   * Starts to read and write.
   *
   * @param head bytes to be read before all others
   * @param keepSocket whether the socket object stays the connection's
   */
  start(head: Uint8Array | undefined, keepSocket: boolean): void;
  /**
   * Sends a message, or a ping. It is dropped if a close frame has been sent.
   *
   * @param compress whether permessage-deflate may compress it
   * @param fragment most bytes of payload of a frame: a message with more leaves in several; `Infinity` is no limit
   * @param shared the frames, unmasked, if others get them too
   */
  send(
    opcode: number,
    data: string | ArrayBufferView,
    compress: boolean,
    fragment: number,
    shared?: () => Uint8Array,
  ): void;
  /**
   * Sends a fragment of a message, or all of it, or a control frame. It is dropped if a close frame has been sent.
   *
   * @param opcode CONTINUATION unless it is the first
   * @param fin whether it is the last
   * @param compress whether permessage-deflate may compress the message: the first fragment's counts
   * @param key the masking key, `null` if it is not masked; nothing if it is masked as the role asks for
   */
  sendFragment(
    opcode: number,
    data: string | ArrayBufferView,
    fin: boolean,
    compress: boolean,
    key: Uint8Array | null | undefined,
  ): void;
  /** Sends whole frames that somebody has encoded. They are dropped if a close frame has been sent. */
  sendEncoded(frames: Uint8Array): void;
  /** The connection gets what is published to a topic, by the number of that, from now on. */
  subscribe(topic: number): void;
  /** It gets that no more. */
  unsubscribe(topic: number): void;
  /** Volatile messages that it was skipped for, because too much waited to be written. */
  skipped(): number;
  /**
   * @returns whether anything waits to be written; a `Drain` record comes once all of it is written then
   */
  awaitWritten(): boolean;
  /** Begins the closing handshake (RFC 6455 §7.1.2); with 1005 the close frame is empty. */
  close(code: number, reason: string | Uint8Array): void;
  /** JavaScript has seen all that came before the peer's close frame or violation: the answer to that may leave. */
  releaseClosingAnswer(): void;
  /** Drops the connection; its `Close` record follows. */
  terminate(): void;
  /** Sets the most bytes that a message may have from now on. */
  setMaxPayload(bytes: number): void;
  /** Stops reading (`true`), or goes on. */
  pause(on: boolean): void;
  /** Bytes that wait to be written. */
  bufferedAmount(): number;
  /** The same for an app, which waits for `drain` if that is much: above `HIGH_MARK`, a `Drain` record follows. */
  amountToDrain(): number;
  /** Whether a `Drain` record is still to come for what was sent. */
  readonly awaitsDrain: boolean;
  /** Whether there was no room for more: the connection is being dropped, and its error is still to come. */
  readonly isDropped: boolean;
  /** Bytes received from the peer. */
  bytesRead(): number;
  /** Bytes written to the peer. */
  bytesWritten(): number;
  /** The connection is closed: its slot is another's from now on. */
  release(): void;
}
