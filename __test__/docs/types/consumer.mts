// An ES module consumer: compiled, never run.

import { once } from 'node:events';
import type { AssignSocketOptions, BaseEvents, Data, Extension, Sids, WebSocketError } from 'websockets';
import * as namespace from 'websockets';
import websockets, { acceptKey, Base, Frame } from 'websockets';
import { Server as Engine, type EngineSocket } from 'websockets/engine.io';

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
