import { Backplane } from './index.js';

/**
 * Creates a backplane over Redis, for the option `backplane`.
 *
 * @param client a URL, which `ioredis` opens, or else `redis`; or a client or cluster of either. Yours is duplicated,
 *   and neither used nor closed
 * @throws an Error `ERR_WS_NO_CLIENT_LIBRARY` for a URL, if neither package is installed
 */
declare function create(client: string | create.RedisClient, options?: create.RedisOptions): Backplane;

declare namespace create {
  /** A client or a cluster of `ioredis` or `redis`. */
  export interface RedisClient {
    duplicate(...args: never[]): unknown;
  }

  export interface RedisOptions {
    /**
     * The beginning of all channels of this app: words of letters, digits, `_` and `-`, with `.` or `:` between them.
     * @default 'websockets'
     */
    prefix?: string | undefined;
  }

  export { create as redis };
}

export = create;
