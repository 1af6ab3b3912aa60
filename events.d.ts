/// <reference types="node" />

// With `import type {} from 'websockets/events'`, `once` and `on` of node:events know the events of a `Base`. In
// @types/node 26 they are functions, which can get overloads. In older versions they are methods of a class, which
// cannot. So no other entry includes this: it would be an error there.

import { OnceOptions, OnOptions } from 'node:events';
import { Base, BaseEvents, Client, ClientEvents, Server, ServerEvents } from './index.js';

declare module 'node:events' {
  function once<E extends keyof ServerEvents>(
    emitter: Server,
    eventName: E,
    options?: OnceOptions,
  ): Promise<ServerEvents[E]>;
  function once<E extends keyof ClientEvents>(
    emitter: Client,
    eventName: E,
    options?: OnceOptions,
  ): Promise<ClientEvents[E]>;
  function once<E extends keyof BaseEvents>(emitter: Base, eventName: E, options?: OnceOptions): Promise<BaseEvents[E]>;
  function on<E extends keyof ServerEvents>(
    emitter: Server,
    eventName: E,
    options?: OnOptions,
  ): AsyncIterableIterator<ServerEvents[E]>;
  function on<E extends keyof ClientEvents>(
    emitter: Client,
    eventName: E,
    options?: OnOptions,
  ): AsyncIterableIterator<ClientEvents[E]>;
  function on<E extends keyof BaseEvents>(
    emitter: Base,
    eventName: E,
    options?: OnOptions,
  ): AsyncIterableIterator<BaseEvents[E]>;
}
