import type { End } from '../native/functions';

/**
 * What a connection delivers to: the object that makes events of what happens on it. A `Base` has one sink for all of
 * its connections, an engine.io socket is the sink of its own connection.
 *
 * A sink may throw. What it throws is an uncaught exception, and whatever happens next is still delivered.
 *
 * `C` is the connection. The type of it would make an import upward.
 */
export interface Sink<C> {
  /** The connection exists. This comes first, inside the call that made it; `more` is what that call adds. */
  opened(connection: C, ...more: unknown[]): void;
  /** A text message. */
  text(connection: C, text: string): void;
  /** The same as bytes, if the group's manner says so. The Buffer is the sink's own, or a slice if memory is shared. */
  utf8?(connection: C, text: Buffer): void;
  /** A binary message. The Buffer is the sink's own, or a slice if the group's manner says that memory is shared. */
  binary(connection: C, data: Buffer): void;
  /**
   * A ping, whose pong is queued already. The bytes are a string with a character for each, `latin1` to a Buffer; if
   * memory is shared, a slice.
   */
  ping(connection: C, bytes: string | Buffer): void;
  /** A pong; its bytes are as those of a ping. */
  pong(connection: C, bytes: string | Buffer): void;
  /** The outbox held more than 64 KiB, and is empty now. */
  drained(connection: C): void;
  /** The peer broke a rule, did not read for too long, or an extension reported something. */
  failed(connection: C, error: Error): void;
  /** Nothing can be sent on it from now on: it is closing, or lost. It may be called more than once before `closed`. */
  sendsNoMore?(connection: C): void;
  /**
   * The connection is closed: the last call for it, exactly once. `end` is what both close frames said, or that there
   * were none, so that each sink makes of it what its own users expect.
   */
  closed(connection: C, end: End): void;
}
