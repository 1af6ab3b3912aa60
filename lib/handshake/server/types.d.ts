// What the two forms of an opening handshake have in common: HTTP/1.1 and HTTP/2.

import type { Duplex } from 'node:stream';

import type { UpgradeRequest } from '../../../index';
import type { Refusal } from './refusal.js';

/** What a request asks for. */
export interface Asked {
  /** What `Sec-WebSocket-Accept` answers; over HTTP/2 there may be none, and of some requests Rust has it. */
  key: string | null;
  origin: string | undefined;
  protocols: string[];
  /** The header's value. */
  extensions: string;
  /** What is in it. */
  offers: { name: string; source: string }[];
}

/** What the response says; `''` for none. */
export interface Agreed {
  key: string | null;
  protocol: string;
  extensions: string;
  /** More of them. */
  headers: [string, string][];
}

/** An opening handshake as a server sees it: a request, and how it is answered. */
export interface Opening {
  readonly req: UpgradeRequest;
  /** What becomes the connection; an old-style one may lack some methods. */
  readonly stream: Duplex;
  /** Nothing can be said to the peer any more, or it has nothing to say. */
  readonly isOver: boolean;
  /** Checks the request; throws a `Refusal`. */
  read(): Asked;
  /** Calls `then` once the response may be written; not if the peer is lost first. */
  whenDue(then: () => void): void;
  /** Writes the response that opens the WebSocket. */
  accept(agreed: Agreed): void;
  /** Drops the stream, unless the app has answered the request itself. */
  abandon(): void;
  /** Writes a response that refuses it, and ends the stream. What happens to it then is no uncaught error. */
  refuse(refusal: Refusal): void;
}
