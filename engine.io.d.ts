/// <reference types="node" />

import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';

/** The options that engine.io passes to its `wsEngine`. Others are ignored. */
export interface EngineOptions {
  /**
   * Bytes of one incoming message: engine.io's `maxHttpBufferSize`. 0 and `Infinity` are no limit.
   * @default 104857600
   */
  maxPayload?: number | undefined;
  /** The option of `ws`. Of `zlibDeflateOptions` only `level` has an effect. */
  perMessageDeflate?:
    | boolean
    | {
        threshold?: number | undefined;
        serverNoContextTakeover?: boolean | undefined;
        clientNoContextTakeover?: boolean | undefined;
        serverMaxWindowBits?: number | undefined;
        clientMaxWindowBits?: boolean | number | undefined;
        zlibDeflateOptions?: { level?: number | undefined } | undefined;
      }
    | undefined;
}

/** One connection, with the part of a `ws` WebSocket that engine.io uses. */
export interface EngineSocket extends EventEmitter {
  readonly sid: string;
  /** 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3;
  readonly protocol: string;
  readonly bufferedAmount: number;
  /** Calls back when the next message may be sent, or with an error if the connection is over. */
  send(data: string | ArrayBufferView | ArrayBuffer, callback?: (error?: Error) => void): void;
  send(
    data: string | ArrayBufferView | ArrayBuffer,
    options: { compress?: boolean | undefined } | undefined,
    callback?: (error?: Error) => void,
  ): void;
  /** Starts the closing handshake, by default with 1000. */
  close(code?: number, reason?: string | Buffer): void;
}

/** The `wsEngine` of engine.io and socket.io: `new Server(httpServer, { wsEngine })`. */
export class Server extends EventEmitter {
  constructor(options?: EngineOptions);
  /** Answers an upgrade request; `callback` is not called if it is refused. */
  handleUpgrade(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (socket: EngineSocket, req: IncomingMessage) => void,
  ): void;
  /** Takes no more requests. */
  close(): void;
}
