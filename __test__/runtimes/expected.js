'use strict';

// What fails elsewhere, and why. A test that stands here has to fail there; one that is `sometimes` here may.

/**
 * @typedef {object} Expected
 * @property {string} in a kind of runtime, a system, or one of either by its name
 * @property {string} [on] the transport; either one where none is named
 * @property {string} because
 * @property {boolean} [sometimes] whether it is a matter of time
 * @property {Record<string, string[]>} tests file → names
 */

/** Bun's sockets have no handle, and Deno's handles no descriptor that could be taken over. */
const NO_SOCKET_TRANSPORT = {
  because: 'it is about the socket transport, which this runtime has not: its sockets show no descriptor',
  tests: {
    'deflate/pressure.test.js': [
      'a message to all that waits for many peers is in memory once, where none takes over a context',
      'a message to all that there is no time to compress is in memory once',
    ],
    'socket/descriptors.test.js': [
      'no descriptor left for a socket (first of the process): it throws, and nothing has changed',
      'no descriptor left for a socket (later of the process): it throws, and nothing has changed',
      'no descriptor left for a socket of a Server (server): 503, an error, and the next one is served',
      'no descriptor left for a socket of a Server (engine): 503, an error, and the next one is served',
    ],
    'process/exit.test.js': ['open', 'message', 'binary', 'ping', 'pong', 'drain', 'error', 'close'].map(
      (name) => `process.exit() in a listener of ${name}, by the socket transport`,
    ),
    'socket/keep-socket.test.js': [
      'the WebSocket lives on without its socket',
      'what is done to the socket acts on nothing any more',
      'the HTTP server counts it no longer, and its close() does not wait',
      'what the app wrote leaves before the socket is let go of',
      'a Server hands the option on',
      'the garbage collector takes the sockets, and less memory is kept',
    ],
    'process/order-threads.test.js': ['the order holds with three I/O threads as well'],
    'base/stats.test.js': ['WEBSOCKETS_IO_THREADS says how many I/O threads there are'],
    'process/thread-connections.test.js': [
      '1 I/O threads of 3 connections are full: assignSocket throws, and nothing has changed',
      '2 I/O threads of 2 connections are full: assignSocket throws, and nothing has changed',
      'what is no number from 1 to 67,108,864 is as if it were not set',
      "a worker that is terminated as it assigns a socket keeps nobody's place",
    ],
    'base/throwing-listener.test.js': [
      'each of 4000 events throws, drain too, by the socket transport: each is uncaught once, in order',
      'each of 4000 events throws, drain too, by permessage-deflate: each is uncaught once, in order',
    ],
    'socket/tls.test.js': ['a TLS socket goes by a stream, and that can be seen'],
    'socket/transport-choice.test.js': [
      'a TCP socket, nothing asked: socket',
      'a Unix-domain socket, nothing asked: socket',
      "a TCP socket, transport: 'socket': socket",
      "a Unix-domain socket, transport: 'socket': socket",
      'a TCP socket, transport: undefined: socket',
      'a Unix-domain socket, transport: undefined: socket',
      'a TCP socket, no extensions: socket',
      'a Unix-domain socket, no extensions: socket',
      'a socket taken by one transport is not to be had by the other',
      'both transports in one Base: stats, sockets and broadcasts are of all',
    ],
  },
};

/** @type {Expected[]} */
const EXPECTED = [
  {
    in: 'node-18.3.0',
    because: 'its HTTP parser takes HTTP/3.0',
    tests: { 'handshake/malformed.test.js': ['HTTP/3.0: 400'] },
  },
  ...['node-18.3.0', 'node-18.20.8'].map((name) => ({
    in: name,
    because: 'its HTTP parser takes a space before a colon',
    tests: { 'handshake/malformed.test.js': ['a space before a colon: 400'] },
  })),
  {
    in: 'node-18.3.0',
    because: 'it refuses an http.Server whose headersTimeout alone is set',
    tests: { 'socket/http-server.test.js': ['neither do those of the server'] },
  },
  {
    in: 'node-18.3.0',
    because:
      'it tells the family of an address as a number, and a socket that was assigned while it was connecting is not heard of',
    tests: {
      'pressure/lost-while-paused.test.js': ['the same of a socket that was connecting when it was assigned'],
      'socket/after-takeover.test.js': ['addresses that nobody looked at before are there as well'],
    },
  },

  { in: 'bun', ...NO_SOCKET_TRANSPORT },
  {
    in: 'bun',
    because: 'Bun destroys a socket that was lost as the app would: what a pause has held back is dropped with it',
    tests: {
      'pressure/held-events.test.js': ['send', 'send to several', 'ping'].map(
        (what) => `${what} in the listener of an event that was held when its connection ended: no throw, then close`,
      ),
      'pressure/lost-while-paused.test.js': [
        'a reset while paused: what came before it is heard, then close',
        'the same of what came while it was paused, with the close frame that it ends with',
        'a reset is noticed while paused, though more has come than is read ahead',
        'a write fails while paused: what came before is heard, then close',
        'a closing handshake that is over while paused: what came before is heard, then close',
        'what is no TLS comes while paused: what came before is heard, then close',
        'the same of a socket that was connecting when it was assigned',
      ],
    },
  },
  {
    in: 'bun',
    because: 'Bun answers these requests itself, with 400',
    tests: {
      'handshake/malformed.test.js': ['OPTIONS: 404', 'the path of a file elsewhere: 404', 'an asterisk: 404'],
    },
  },
  {
    in: 'bun',
    because: "Bun's http.Server refuses 200 headers itself, whatever maxHeadersCount is",
    tests: {
      'handshake/malformed.test.js': ['so many headers as the HTTP server reads, and no more', '1,000 headers: 101'],
    },
  },
  {
    in: 'bun',
    because:
      "a socket that came through Bun's HTTP server does not count the bytes of the handshake, and does not take setKeepAlive",
    tests: {
      'socket/after-takeover.test.js': [
        'bytesRead and bytesWritten are those of the wire',
        'the byte counts outlive the connection',
      ],
      'socket/options.test.js': [
        'setKeepAlive acts on a connection',
        'setKeepAlive acts in the turn in which the socket is assigned',
        'setKeepAlive acts in the open listener',
        'setKeepAlive acts while what was written before is still on its way',
        'what was set before stays',
      ],
      'socket/unix-socket.test.js': ['the socket object of a Unix-domain socket after the takeover'],
    },
  },
  {
    in: 'bun',
    because: "address() of a socket that came through Bun's HTTP server has the port of the peer",
    tests: { 'socket/after-takeover.test.js': ['addresses that nobody looked at before are there as well'] },
  },
  {
    in: 'bun',
    because: "unref() of a socket that came through Bun's HTTP server does not let the process go",
    tests: { 'process/exit.test.js': ['unref() of its socket lets the process go, and the peer sees the end'] },
  },
  {
    in: 'bun',
    because: 'Bun hands a write to TLS on at once, and counts nothing: a send is never refused for it',
    tests: {
      'pressure/back-pressure.test.js': [
        'over TLS nothing is known of that write before the next turn: a send is refused',
        'over TLS nothing is known of that write before the next turn: a broadcast is refused',
      ],
    },
  },
  {
    in: 'bun',
    because: "TLS sockets of Bun's HTTPS server have no getProtocol()",
    tests: { 'socket/tls.test.js': ['the socket object tells the truth, and drives the WebSocket'] },
  },
  {
    in: 'bun',
    because: "Bun's HTTP server does not close a connection that has sent no whole request",
    tests: {
      'handshake/server-close.test.js': ['a client that says nothing, or half a request, is closed after closeTimeout'],
    },
  },
  {
    in: 'bun',
    because: "Bun's HTTP server takes no more than 200 headers, and answers 431",
    tests: { 'protocol/advisories.test.js': ['as many headers as fit, or more, end no process'] },
  },
  {
    in: 'bun',
    because: 'Bun lists what is active in another way',
    tests: {
      'handshake/client.test.js': ['reconnect > close() ends the waiting'],
      'handshake/reconnect.test.js': [
        "reconnecting and giveup > what the app ends is no giving up; a lost connection's sid ends its waiting",
      ],
    },
  },
  {
    in: 'bun',
    because: 'it answers a target that is an asterisk by itself, with 400',
    tests: { 'handshake/targets.test.js': ['a request target > at a Server of one path'] },
  },
  {
    in: 'bun',
    because: 'its listen() takes ports that are none',
    tests: { 'handshake/listen.test.js': ['a port that is none leaves nothing behind'] },
  },

  {
    in: 'bun',
    because: 'Bun reads late where its thread has been busy: a peer that has answered may be taken for silent',
    sometimes: true,
    tests: {
      'pressure/busy-threads.test.js': [
        'the JavaScript thread is blocked for longer than timeout',
        'the I/O thread compresses for longer than pingInterval',
      ],
    },
  },

  {
    in: 'bun',
    because: '`ws` is a module of its own in Bun, with names that the exports of ws have not',
    tests: { 'ws/entry.test.js': ['import has it as default, and the names that ws has'] },
  },

  { in: 'deno', ...NO_SOCKET_TRANSPORT },
  {
    in: 'deno',
    because: "Deno's sockets take no write at once: what was written counts as waiting until the next turn",
    tests: {
      'ws/set-socket.test.js': [true, false].map(
        (isServer) =>
          `a close frame that the system takes at once is not in bufferedAmount, as with ws: a socket, ${isServer}`,
      ),
    },
  },
  {
    in: 'deno',
    because: 'Deno hears of no reset while it does not read, and shows no descriptor to ask the system with',
    tests: {
      'pressure/lost-while-paused.test.js': [
        'the same of what came while it was paused, with the close frame that it ends with',
        'a reset is noticed while paused, though more has come than is read ahead',
      ],
      'pressure/pause.test.js': ['a reset is noticed while paused'],
      'socket/peer-loss.test.js': ['a reset is noticed while paused, also after a FIN'],
    },
  },
  {
    in: 'deno',
    because: 'Deno reads 1,000 headers, and nothing shows that there were more',
    tests: {
      'handshake/malformed.test.js': ['1,001 headers: 431', '1,200 headers, and Node leaves out the last of them: 431'],
    },
  },
  {
    in: 'deno',
    because: "Deno's zlib takes no dictionary, which the test's peer compresses by",
    tests: {
      'deflate/violations.test.js': [
        'a reference to before the beginning is WS_ERR_INVALID_COMPRESSED_DATA and 1007',
        'a reference into a message of before is refused where the client takes over nothing',
      ],
    },
  },
  {
    in: 'deno',
    because:
      "what a listener of http.Server's 'upgrade' throws, open listeners included, is no uncaughtException in Deno",
    tests: {
      'base/throwing-listener.test.js': [
        'a throw in a listener is uncaught once; no event is lost or repeated',
        ...[
          'the stream transport',
          'permessage-deflate by streams',
          'an extension',
          'an extension beside permessage-deflate',
        ].map((way) => `each of 4000 events throws, drain too, by ${way}: each is uncaught once, in order`),
        'a throw in the error listener loses no close event',
        'other connections go on',
      ],
    },
  },
  {
    in: 'deno',
    because: 'an uncaught exception that an addon reports ends Deno with "Uncaught null"',
    tests: {
      'base/throwing-listener.test.js': ['where nobody catches it, the process ends as with any EventEmitter'],
      'process/worker.test.js': ['a throw in a listener ends the worker, as any uncaught error there'],
    },
  },
  {
    in: 'deno',
    because: 'TLS sockets of Deno read on while they are paused, and take whatever is written',
    tests: {
      'socket/tls.test.js': [
        'pause stops what comes, TCP stops the client, and resume brings all of it in order',
        'a client that never reads is dropped at maxBufferedAmount, and nobody else',
      ],
    },
  },
  {
    in: 'deno',
    because: 'Deno encrypts in a later turn: what is written over TLS right before process.exit() is lost',
    tests: {
      'socket/tls.test.js': [
        'send of 50000 bytes and process.exit() in the listener: it arrives, and close 1001',
        'send of 50000 bytes and process.exit() in a timer: it arrives, and close 1001',
      ],
    },
  },
  {
    in: 'deno',
    because: 'the same, of as little as may be encrypted in time: one of three times it is lost',
    sometimes: true,
    tests: {
      'socket/tls.test.js': ['send of 10 bytes and process.exit() in the listener: it arrives, and close 1001'],
    },
  },
  {
    in: 'deno',
    because: "promises have their turn within an emit: in 'upgrade' the client of ws has no protocol yet",
    tests: {
      'handshake/handle-upgrade.test.js': [
        'handleUpgradeRequest > upgrades a client of ws, and its options go to assignSocket as they are',
      ],
    },
  },
  {
    in: 'deno',
    because: "Deno's http.Server emits the error of a request that was aborted, though nobody listens",
    tests: {
      'handshake/client.test.js': ['close() and terminate(null) end handshakes that are under way, without a word'],
    },
  },
  {
    in: 'deno',
    because: 'Deno keeps two descriptors of sockets that are over, however many there were; with http alone as well',
    tests: { 'process/leaks.test.js': ['descriptors are given back'] },
  },
  {
    in: 'deno',
    because: 'sockets of a worker that is terminated stay open in Deno: their peers hear nothing',
    sometimes: true,
    tests: {
      'process/deadlock.test.js': ['a worker is terminated while its peers send messages and pings'],
      'process/worker.test.js': [
        'terminate() of busy workers: the process stays, the peers see the end within two seconds',
      ],
    },
  },
  {
    in: 'deno',
    because: 'Deno reads late where its thread has been busy: a peer that has answered may be taken for silent',
    sometimes: true,
    tests: {
      'pressure/busy-threads.test.js': [
        'the JavaScript thread is blocked for longer than timeout',
        'the I/O thread compresses for longer than pingInterval',
      ],
    },
  },

  {
    in: 'win32',
    because:
      'Wine refuses a write of more than 1,024 pieces, with EMSGSIZE: the client of the test does not get it out',
    tests: {
      'protocol/echo.test.js': ['many small messages of one packet keep their borders, their kinds and their order'],
    },
  },
  {
    in: 'win32',
    because: 'Node.js 22.22.2, which runs there, reads 1,000 headers, and nothing shows that there were more',
    tests: {
      'handshake/malformed.test.js': ['1,001 headers: 431', '1,200 headers, and Node leaves out the last of them: 431'],
    },
  },
  {
    in: 'win32',
    because: 'Windows takes at once what is written, however much: nothing waits, and no ping is seen to wait',
    tests: {
      'monitor/monitor.test.js': ['who does not read is a slow peer, whoever lets most wait is the first'],
      'protocol/timeouts.test.js': [
        'a peer that reads slowly is not dropped for a ping that waits behind what it reads',
      ],
      'socket/pending-writes.test.js': [
        'open comes at once, and frames come after what was being written',
        'frames that the peer sent meanwhile are not lost',
        'close meanwhile: the response, what was sent, the close frame',
        'terminate meanwhile: the connection ends at once',
        'destroy() of the socket meanwhile: the same',
        'a peer that is lost meanwhile: the same',
      ],
    },
  },
  {
    in: 'win32',
    because: 'the same: whether any client waits is a matter of time',
    sometimes: true,
    tests: {
      'engine-io/engine-io.test.js': [
        'a peer that does not read: packets wait with engine.io, volatile ones are dropped',
      ],
      'socket/tls.test.js': ['pause stops what comes, TCP stops the client, and resume brings all of it in order'],
    },
  },
  {
    in: 'win32',
    because:
      'Node.js hears of no reset on Windows while it does not read, and there is no descriptor to ask the system with',
    tests: {
      'pressure/lost-while-paused.test.js': [
        'a reset is noticed while paused, though more has come than is read ahead',
      ],
      'socket/peer-loss.test.js': ['a reset is noticed while paused, also after a FIN'],
    },
  },
  {
    in: 'win32',
    because: 'a reset takes away what has come before it and was not read, the response here',
    sometimes: true,
    tests: {
      'protocol/advisories.test.js': [
        'as many headers as fit, or more, end no process',
        'a request that comes too slowly, or never ends, is answered with 408, and the Server goes on',
      ],
    },
  },
  {
    in: 'win32',
    because:
      'now and then the process that pings is gone under Wine, and the rest of its pings is waited for; why is not known',
    sometimes: true,
    tests: {
      'pressure/ping-flood.test.js': [0, 125].flatMap((size) =>
        ['reads', 'never reads'].flatMap((how) =>
          ['', ', with permessage-deflate'].map(
            (agreed) =>
              `a peer that pings with ${size} bytes, as fast as it can, and ${how}${agreed}: bounded pongs, bounded memory`,
          ),
        ),
      ),
    },
  },
  {
    in: 'win32',
    because: 'it is about the socket transport, which Windows has not',
    tests: Object.fromEntries(
      ['process/exit.test.js', 'process/order-threads.test.js', 'socket/keep-socket.test.js'].map((file) => [
        file,
        NO_SOCKET_TRANSPORT.tests[file],
      ]),
    ),
  },
  {
    in: 'win32',
    because: 'Windows says later that a write is done: the 101 response is counted as long as it has not',
    sometimes: true,
    tests: { 'pressure/back-pressure.test.js': ['bufferedAmount is what the kernel has not taken'] },
  },
  {
    in: 'win32',
    because: 'it is about the socket transport, which Windows has not: by streams the memory is a matter of time',
    sometimes: true,
    tests: {
      'deflate/pressure.test.js': [
        'a message to all that waits for many peers is in memory once, where none takes over a context',
        'a message to all that there is no time to compress is in memory once',
      ],
    },
  },
  {
    in: 'win32',
    because:
      'where Windows has not said yet that an earlier write is done, Node.js itself writes nothing over TLS before process.exit()',
    sometimes: true,
    tests: {
      'socket/tls.test.js': ['in the listener', 'in a timer'].flatMap((where) =>
        [10, 50_000].map((size) => `send of ${size} bytes and process.exit() ${where}: it arrives, and close 1001`),
      ),
    },
  },
];

/** @returns {Expected[]} */
const entriesOf = ({ kind, name }, transport) =>
  EXPECTED.filter((entry) => (entry.in === kind || entry.in === name) && (entry.on ?? transport) === transport);

/** @returns {Map<string, Expected>} the tests of this file that fail there, by name */
const expectedOf = (runtime, transport, file) =>
  new Map(entriesOf(runtime, transport).flatMap((entry) => (entry.tests[file] ?? []).map((name) => [name, entry])));

/** The files that are named here. */
const FILES = [...new Set(EXPECTED.flatMap(({ tests }) => Object.keys(tests)))];

/** @returns {number} how many tests fail there, those apart that are about the socket transport where there is none */
const countOf = (runtime, transport) =>
  FILES.flatMap((file) => [...expectedOf(runtime, transport, file).values()]).filter(
    ({ because }) => because !== NO_SOCKET_TRANSPORT.because,
  ).length;

/** How many are about the socket transport. */
const ABOUT_SOCKETS = Object.values(NO_SOCKET_TRANSPORT.tests).flat().length;

module.exports = { ABOUT_SOCKETS, FILES, countOf, expectedOf };
