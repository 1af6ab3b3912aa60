import type { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';

/** A WebSocket, as those see it that work for it. The class itself would make an import in a circle. */
export interface WebSocketObject extends EventEmitter {
  readonly readyState: 0 | 1 | 2 | 3;
  readonly isPaused: boolean;
  readonly url: string | undefined;
  /** From the end of the opening handshake on. */
  _socket: Duplex | null;
  /** A client's request, while it waits for the answer. */
  _req: ClientRequest | null;
  /** How many redirects a client has followed. */
  _redirects: number;
  send(data: unknown, callback?: (error?: Error | null) => void): void;
  close(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}
