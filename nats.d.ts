import { Backplane } from './index.js';

/**
 * Creates a backplane over NATS, for the option `backplane`.
 *
 * @param connection servers, such as `localhost:4222`, to which `@nats-io/transport-node` connects; or a connection of
 *   that library, which you close yourself
 * @throws an Error `ERR_WS_NO_CLIENT_LIBRARY` for servers, if the package is not installed
 */
declare function create(connection: string | string[] | create.NatsConnection, options?: create.NatsOptions): Backplane;

declare namespace create {
  /** A connection of `@nats-io/transport-node`. */
  export interface NatsConnection {
    status(): AsyncIterable<unknown>;
    publish(subject: string, payload?: Uint8Array): void;
  }

  export interface NatsOptions {
    /**
     * The beginning of all subjects of this app: words of letters, digits, `_` and `-`, with `.` or `:` between them.
     * @default 'websockets'
     */
    prefix?: string | undefined;
  }

  export { create as nats };
}

export = create;
