import { Base, Server, Stats } from './index.js';

/** What `monitor` takes beside its Bases. */
export interface MonitorOptions {
  /** Milliseconds between two samples, from 100 on. @default 1000 */
  interval?: number | undefined;
}

/** What `monitor` returns. */
export interface Monitor {
  /** Stops watching and sending, and unsubscribes the viewers. Their connections stay open: they are the app's. */
  close(): void;
}

/** What a viewer gets as JSON, one in each text message. */
export interface Sample {
  /** The version of this form: it grows if a field changes its meaning or goes away. */
  version: 1;
  /** Milliseconds since 1970. */
  time: number;
  /** Over how many seconds the rates are. */
  seconds: number;
  process: ProcessSample;
  /** One for each Base, in the order in which `monitor` got them. */
  bases: BaseSample[];
}

/** The process as a whole; the event loop is that of the JavaScript thread that has called `monitor`. */
export interface ProcessSample {
  pid: number;
  /** Of Node.js, such as `v22.11.0`. */
  version: string;
  /** Seconds. */
  uptime: number;
  /** CPU time for each second, all threads together: 1 is one core that is busy. */
  cpu: number;
  /** Bytes of memory that the process takes (its resident set). */
  memory: number;
  /** Bytes of JavaScript's heap that are in use. */
  heapUsed: number;
  /** The share of the time, 0 to 1, in which the event loop was busy. */
  loopUtilization: number;
  /** The longest delay of the event loop, in milliseconds. */
  loopDelay: number;
}

/** One Base. All lists have at most ten entries. */
export interface BaseSample {
  /** As the app has named it. */
  name: string;
  /** What `stats()` returns, and how many connections have been opened and closed since `monitor` was called. */
  stats: Stats & { opened: number; closed: number };
  /** How fast the counters among `stats` grow, for each second. */
  rates: Partial<Record<keyof Stats | 'opened' | 'closed', number>>;
  /** How many connections have ended with each code since then; those of libraries and apps are `3xxx` and `4xxx`. */
  closes: Record<string, number>;
  /** How many errors there were of each code since then; `other` from the 50th code on. */
  errors: Record<string, number>;
  /** The last errors, newest first. */
  recentErrors: ErrorSample[];
  /** The topics with the most subscribers. */
  topics: { name: string; subscribers: number }[];
  /** The connections for which the most bytes wait to be written: peers that read slowly. */
  slow: PeerSample[];
}

export interface ErrorSample {
  /** Milliseconds since 1970. */
  time: number;
  code: string;
  /** At most 200 characters of it. */
  message: string;
  /** Of the connection; `null` if it was a handshake. */
  sid: string | null;
  /** The peer's IP address, if it is known. */
  address: string | null;
}

export interface PeerSample {
  sid: string;
  address: string | null;
  transport: 'socket' | 'stream';
  /** Bytes that wait to be written. */
  queuedBytes: number;
}

/**
 * Sends samples of what some Bases do to everybody who is connected to `viewers`, as `npx websockets top` and the
 * dashboard show them. Who may connect there is for its options to say: a sample has addresses of peers.
 *
 * @param viewers a Server for nothing else
 * @param bases what is watched, each by one name
 */
export function monitor(
  viewers: Pick<Server, 'on' | 'off' | 'socketsHistory' | 'subscribe' | 'unsubscribe' | 'publish' | 'send'>,
  bases: Record<string, Base>,
  options?: MonitorOptions,
): Monitor;
