// A consumer of websockets/events: compiled, never run.

import { on, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Base, Client, Server } from 'websockets';
import type {} from 'websockets/events';

const base = new Base();
const [text, sid] = await once(base, 'message');
const upper: string = text + sid.toUpperCase();

const [opened, req] = await once(new Server<{ user: string }>(), 'open', { signal: AbortSignal.timeout(1) });
const asked: IncomingMessage = req;
// @ts-expect-error: a sid is a string
const wrong: number = opened;

for await (const [reason, from, code] of on(new Client(), 'close')) {
  const facts: [string, string, number] = [reason, from, code];
  base.send(upper + facts.join() + asked.url + wrong);
}

// An event of a subclass, with whatever arguments.
const [anything] = await once(base, 'joined');
const joined: number = anything;
base.send(String(joined));
