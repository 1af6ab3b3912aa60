'use strict';

// One run: a fresh server, one scenario, one mode.

const { generate, startServer } = require('./child');

/**
 * Where things run. `shared`: the server has every core, and the generator sleeps in epoll beside it.
 * `pinned`: the server has the first core and no other, and the generator polls on the second.
 */
const MODES = {
  shared: { server: null, generator: null, poll: false },
  pinned: { server: 0, generator: 1, poll: true },
};

/** The scenarios for which a server is another than an echo. */
const ROLES = new Set(['broadcast', 'topics']);

/** `{ inFlight: 16, tls: true }` as `--in-flight 16 --tls`. */
function toArgs(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === false) return [];
    return value === true ? [flag] : [flag, String(value)];
  });
}

/** What a scenario asks of a server, in its environment. */
function environment({ load, needs, role }, certificate) {
  return {
    BENCH_ROLE: role ?? (ROLES.has(load.scenario) ? load.scenario : 'echo'),
    ...(needs === 'deflate' && { BENCH_DEFLATE: '1' }),
    ...(needs === 'tls' && { BENCH_TLS_KEY: certificate.key, BENCH_TLS_CERT: certificate.cert }),
  };
}

/**
 * @param {import('./servers').Server} server
 * @param {import('./scenarios')[number]} scenario
 * @param {keyof typeof MODES} mode
 * @param {{ seconds: number, warmup: number, threads: number, certificate: { key: string, cert: string } }} settings
 * @returns {Promise<Record<string, number>>}
 */
async function run(server, scenario, mode, { seconds, warmup, threads, certificate }) {
  const place = MODES[mode];
  const started = await startServer(server, environment(scenario, certificate), place.server);
  try {
    const options = {
      ...scenario.load,
      address: `127.0.0.1:${started.port}`,
      pid: started.pid,
      seconds,
      warmup,
      // Polling threads would share the one core that the generator has then.
      threads: place.poll ? 1 : threads,
      poll: place.poll,
      collects: server.collects,
    };
    return await generate(toArgs(options), place.generator);
  } finally {
    await started.stop();
  }
}

module.exports = { MODES, run };
