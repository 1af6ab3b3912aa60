'use strict';

/** What a page does: two WebSockets are opened, say something, and hear it again; one is closed. */
async function talk(sizes) {
  const open = (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, ['a', 'b']);
      socket.onopen = () => resolve(socket);
      socket.onerror = () => reject(new Error('it was not opened'));
    });
  const url = location.href.replace('https', 'wss');
  const sockets = [await open(`${url}one`), await open(`${url}two`)];
  const lengths = [];
  for (const size of sizes) {
    for (const socket of sockets) {
      const echo = new Promise((resolve) => {
        socket.onmessage = ({ data }) => resolve(data);
      });
      socket.send('x'.repeat(size));
      lengths.push((await echo).length);
    }
  }
  const closed = new Promise((resolve) => {
    sockets[0].onclose = ({ code, wasClean }) => resolve([code, wasClean]);
  });
  sockets[0].close(4000);
  const { extensions, protocol } = sockets[1];
  return { extensions, protocol, lengths, closed: await closed };
}

module.exports = talk;
