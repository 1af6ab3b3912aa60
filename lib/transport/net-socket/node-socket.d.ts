import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The handle of a socket. Node.js keeps it to itself, so nothing of it is sure to be there. */
export interface Handle {
  readonly fd?: number;
  readonly writeQueueSize?: number;
  /** What TLS goes over. */
  readonly _parent?: Handle;
  onread?: unknown;
  readStop(): void;
  close(): void;
}

/** A socket, with what Node.js keeps to itself. */
export interface NodeSocket extends Socket {
  _handle?: Handle | null;
  /** Whether it is a TLS socket. */
  readonly encrypted?: boolean;
  readonly server?: Server;
  timeout?: number;
  /** Restarts its idle timer. */
  _unrefTimer?(): void;
}
