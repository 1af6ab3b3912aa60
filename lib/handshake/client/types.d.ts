// How a client comes by a session of HTTP/2, whoever makes it.

import type { ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

import type { Target } from './target.js';

/** Options for `tls.connect`. */
export type Connect = Record<string, unknown>;

/** Where a session leads, and how it is made. */
export interface Place {
  target: Target;
  connect: Connect;
}

/**
 * How a server is asked: over HTTP/2 by `session`, and `leave` says that its stream is closed; or, without a session,
 * over HTTP/1.1, by `socket` if there is one.
 */
export type Way =
  | { session: ClientHttp2Session; leave: () => void; socket?: undefined }
  | { session?: undefined; leave?: undefined; socket?: Duplex };

export type Callback = (error: Error | null, way?: Way) => void;

/** Who waits for a session. */
export interface Waiter {
  callback: Callback;
  /** Called if that session has no room: it has to look for another one. */
  again: () => void;
}

/** What knows how servers are asked. */
export interface Ways {
  /** Whether it goes by one session of the app's, and so to one place. */
  readonly isGiven: boolean;
  /** Whether HTTP/2 is tried at all. */
  takes(target: Target): boolean;
  /** Calls back once, never before it returns, and returns what gives it up. */
  take(target: Target, connect: Connect, callback: Callback): () => void;
}
