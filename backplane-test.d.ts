import { Backplane } from './index.js';

/** The backplane to test. */
export interface Subject {
  /** Creates a backplane that was not started yet. All of them use the same broker and the same prefix. */
  create(): Backplane | Promise<Backplane>;
  /**
   * Takes the broker away, and returns a function that brings it back. Without it, the tests of an outage are left out.
   */
  outage?: (() => Promise<() => Promise<unknown>>) | undefined;
}

/** Registers the tests of `node:test` that every backplane must pass. */
export function testBackplane(name: string, subject: Subject): void;
