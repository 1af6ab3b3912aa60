import { Backplane } from './index.js';

/**
 * Creates a backplane between the workers of `node:cluster`, for the option `backplane`. Call `cluster.primary()` in
 * the primary.
 *
 * @throws an Error `ERR_WS_NO_WORKER` if this process is no worker
 */
declare function create(options?: create.ClusterOptions): Backplane;

declare namespace create {
  export interface ClusterOptions {
    /**
     * The beginning of all channels of this app: words of letters, digits, `_` and `-`, with `.` or `:` between them.
     * @default 'websockets'
     */
    prefix?: string | undefined;
  }

  /**
   * Makes the primary pass on what its workers publish. Call it once or more, before or after you fork them.
   *
   * @throws an Error `ERR_WS_NO_PRIMARY` if this process is a worker
   */
  export function primary(): void;

  export { create as cluster };
}

export = create;
