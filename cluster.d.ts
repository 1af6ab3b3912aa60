import { Backplane } from './index.js';

/**
 * A backplane between the workers of `node:cluster`, for the option `backplane`. The primary calls `cluster.primary()`.
 *
 * @throws an Error `ERR_WS_NO_WORKER` if this process is no worker
 */
declare function create(options?: create.ClusterOptions): Backplane;

declare namespace create {
  export interface ClusterOptions {
    /**
     * Stands before the channels of this app: words of letters, digits, `_` and `-`, with `.` or `:` between them.
     * @default 'websockets'
     */
    prefix?: string | undefined;
  }

  /**
   * Has the primary hand on what its workers publish. Called once or more, before or after they are forked.
   *
   * @throws an Error `ERR_WS_NO_PRIMARY` if this process is a worker
   */
  export function primary(): void;

  export { create as cluster };
}

export = create;
