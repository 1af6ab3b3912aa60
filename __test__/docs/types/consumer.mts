// An ES module consumer: compiled, never run.

import { once } from 'node:events';
import type { AssignSocketOptions, Backplane, BaseEvents, Data, Extension, Sids, WebSocketError } from 'websockets';
import * as namespace from 'websockets';
import websockets, { acceptKey, Base, Frame, Server } from 'websockets';
import { testBackplane } from 'websockets/backplane-test';
import cluster, { cluster as clusterBackplane } from 'websockets/cluster';
import { Server as Engine, type EngineSocket } from 'websockets/engine.io';
import { type BaseSample, monitor, type Sample } from 'websockets/monitor';
import nats, { nats as natsBackplane } from 'websockets/nats';
import redis, { redis as redisBackplane } from 'websockets/redis';

const base: Base = new Base();
const accept: string = acceptKey('key');
const same: boolean = websockets.Base === Base && websockets.Frame === Frame && namespace.acceptKey === acceptKey;
// @ts-expect-error: nothing else is exported
namespace.Socket;

class Room extends Base {
  #names = new Map<string, string>();

  constructor() {
    super({ pingInterval: 30_000 });
    this.on('close', (_reason, sid, code) => {
      this.#names.delete(sid);
      code.toFixed();
    });
  }

  tell(sids: Sids, data: Data): this {
    return this.send(sids, data);
  }
}

const room = new Room();
room.tell(room.socketsHistory, accept).tell(null, new Uint8Array(1));
for (const [sid, connection] of Object.entries(room.sockets)) {
  if (same && connection?.readyState === 1) room.tell(sid, connection.protocol);
}

const names: { [E in keyof BaseEvents]: true } = {
  open: true,
  message: true,
  binary: true,
  ping: true,
  pong: true,
  close: true,
  error: true,
  drain: true,
  backplane: true,
};
const options: AssignSocketOptions = { head: null, extensions: null, signal: AbortSignal.timeout(1000) };
// @ts-expect-error: a signal is no controller
options.signal = new AbortController();

class Deflate implements Extension {
  read(next: (error?: Error) => void, frame: Frame): void {
    frame.rsv1 = false;
    next();
  }
}
base.extensions['permessage-deflate'] = new Deflate();
base.on('error', (error: WebSocketError) => console.error(error.sid, error.code));

for await (const [message, from] of base.messages({ sid: 'sid' })) base.send(from, message.toUpperCase());
for await (const [data] of base.messages({ binary: true })) data.length.toFixed();
const engine: EngineSocket | Engine = new Engine();
engine.removeAllListeners();

const [text, sid] = await once(base, 'message');
base.send(sid, `${text} ${Object.keys(names).length}`);
base.on('message', (message, from) => {
  const upper: string = message.toUpperCase();
  // @ts-expect-error: a sid is a string
  const wrong: number = from;
  base.send(from, upper + wrong);
});

const backplanes: Backplane[] = [
  redis('redis://localhost'),
  redisBackplane({ duplicate: () => ({}) }, { prefix: 'app' }),
  nats(['localhost:4222']),
  natsBackplane('localhost', { prefix: undefined }),
  cluster(),
  clusterBackplane({ prefix: 'app' }),
];
cluster.primary();
clusterBackplane.primary();
// @ts-expect-error: neither a URL nor a client
redis(6379);
// @ts-expect-error: no connection
nats({});
const member = new Server({ backplane: backplanes[0] });
member.on('backplane', (state, error) => {
  if (state === 'down') console.error(error?.message);
});
const up: number = member.stats().backplaneUp;
// @ts-expect-error: no backplane
new Server({ backplane: { start() {} } });
testBackplane('mine', { create: () => redis('redis://localhost'), outage: async () => async () => up });

const watching = monitor(new Server(), { chat: new Server<{ name: string }>(), base }, { interval: 500 });
watching.close();
// @ts-expect-error: the viewers have to be a Server
monitor(base, { base });
// @ts-expect-error: there is no such option
monitor(new Server(), { base }, { every: 1 });
const sample = JSON.parse('{}') as Sample;
const [firstBase]: (BaseSample | undefined)[] = sample.bases;
const connections: number | undefined = firstBase?.stats.connections ?? firstBase?.rates.opened;
(connections ?? 0).toFixed();
