'use strict';

const { testClient, testServer } = require('./matrix');
const { PythonPeer } = require('./peers/python');

const peer = {
  start: () => new PythonPeer('websockets_peer.py'),
  fragments: true,
  pings: true,
};

// Python's zlib does not compress with a window of 8 bits.
const has8 = (settings, role) => settings[`${role}MaxWindowBits`] === 8;

testClient({
  ...peer,
  name: 'the client of Python websockets',
  can: (settings) => !has8(settings, 'client'),
  refuses: ({ ours }) => has8(ours, 'client'),
});

testServer({
  ...peer,
  name: 'the server of Python websockets',
  can: (settings) => !has8(settings, 'server'),
  answer: ({ ours }) => (has8(ours, 'server') ? null : undefined),
});
