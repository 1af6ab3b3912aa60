import { Backplane } from './index.js';

/** What is tested. */
export interface Subject {
  /** Makes a backplane that was not started yet; all of them on the same broker, with the same prefix. */
  create(): Backplane | Promise<Backplane>;
  /**
   * Takes the broker away, and gives the function that brings it back. Without it what happens in an outage is not
   * tested.
   */
  outage?: (() => Promise<() => Promise<unknown>>) | undefined;
}

/** Registers the tests of `node:test` that every backplane has to pass. */
export function testBackplane(name: string, subject: Subject): void;
