import type { AddressInfo } from 'node:net';
import { Client, type PeerError, Server } from 'websockets';

const server: Server = new Server({ maxPayload: 1024 });
server.on('message', (text, sid) => server.send(sid, text.toUpperCase()));
server.on('error', (error) => {
  const { closeCode }: Partial<PeerError> = error as PeerError;
  console.error(closeCode);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const client = new Client();
  client.on('open', (sid) => client.send(sid, 'typed'));
  client.on('message', (text: string, sid: string) => {
    console.log(text);
    client.close(sid);
    server.close();
  });
  client.open(`ws://127.0.0.1:${port}`);
});
