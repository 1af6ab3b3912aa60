'use strict';

const { testClient, testServer } = require('./matrix');
const { PythonPeer } = require('./peers/python');

const peer = {
  start: () => new PythonPeer('aiohttp_peer.py'),
  pings: true,
  closesWith: 1000,
};

testClient({
  ...peer,
  name: 'the client of aiohttp',
  // Of what it offers only the server's window can be chosen, and 8 bits are too few for either side.
  can: ({ serverMaxWindowBits: bits, ...others }) => Object.keys(others).length === 0 && bits !== 8,
  refuses: ({ ours }) => ours.clientMaxWindowBits === 8,
});

testServer({
  ...peer,
  name: 'the server of aiohttp',
  can: (settings) => settings === false,
  // What concerns the client is not answered: it may well hold to it, as we do.
  answer: ({ ours, agreed }) => {
    if (ours.serverMaxWindowBits === 8) return null;
    return agreed
      ?.split('; ')
      .filter((parameter) => !parameter.startsWith('client_'))
      .join('; ');
  },
});
