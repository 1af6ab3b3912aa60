import { Client, Server } from 'websockets';

const server = new Server();
server.on('message', (text, sid) => server.send(sid, text));
server.listen(0, '127.0.0.1', () => {
  const client = new Client();
  client.on('open', (sid) => client.send(sid, 'imported'));
  client.on('message', (text, sid) => {
    console.log(text, server.sockets[server.socketsHistory[0]].transport);
    client.close(sid);
    server.close();
  });
  client.open(`ws://127.0.0.1:${server.address().port}`);
});
