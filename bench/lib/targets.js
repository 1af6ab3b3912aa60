'use strict';

// The figures to reach, each against a peer in the same round. Where several peers are named, it is the
// one whose median is best. A metric without a peer is a figure of its own.

const { BEFORE } = require('./servers');
const { interval, judge, median } = require('./statistics');
const { figure, table } = require('./table');

const OWN = 'websockets';
const NODE_DECODED = ['ws-decoded', 'ws-bufferutil-decoded', 'uws-decoded', 'websocket'];
const NODE = ['ws', 'ws-bufferutil', 'uws', 'websocket'];

const rate = (scenario, bound, ...peers) => ({ scenario, mode: 'shared', metric: 'rate', sense: '≥', bound, peers });
const cpu = (metric, scenario, bound, ...peers) => ({ scenario, mode: 'pinned', metric, sense: '≤', bound, peers });
const atMost = (metric, scenario, bound, ...peers) => ({ scenario, mode: 'shared', metric, sense: '≤', bound, peers });

/** What the entry with the API of `ws` is to reach beside that. */
const WS = ['ws', 'ws-bufferutil'];
const ENTRY_TARGETS = [
  cpu('cpu', 'echo-64x16', 0.125, ...WS),
  cpu('jsCpu', 'echo-64x16', 0.9),
  cpu('cpu', 'echo-64x1', 0.75, ...WS),
  atMost('cpu', 'echo-64x1', 0.6, ...WS),
  cpu('jsCpu', 'echo-64x1', 0.25, ...WS),
  cpu('cpu', 'broadcast-500', 0.35, ...WS),
  cpu('jsCpu', 'broadcast-500', 0.1, ...WS),
  rate('echo-16k', 2.5, ...WS),
  rate('echo-1m', 2.5, ...WS),
  atMost('bytes', 'idle', 1, ...WS),
  atMost('bytes', 'idle-deflate', 0.3, ...WS),
];

const TARGETS = [
  rate('echo-64x16', 2.5, 'uws-decoded'),
  rate('echo-64x16', 12, 'ws-decoded'),
  cpu('cpu', 'echo-64x16', 1, 'uws'),
  cpu('jsCpu', 'echo-64x16', 0.3),
  cpu('jsCpu', 'echo-64x16', 0.35, 'uws-decoded'),
  ...['echo-64x1', 'echo-2000x1'].flatMap((scenario) => [
    rate(scenario, 1, 'uws-decoded'),
    rate(scenario, 1.5, 'ws-decoded'),
    cpu('jsCpu', scenario, 0.3, 'uws-decoded'),
  ]),
  atMost('p50', 'echo-1x1', 1.1, ...NODE_DECODED),
  ...['paced-1', 'paced-4', 'paced-16'].map((scenario) => atMost('cpu', scenario, 1.2, 'uws-decoded')),
  cpu('cpu', 'echo-utf8', 0.7, ...NODE_DECODED),
  rate('echo-16k', 1, ...NODE),
  rate('echo-1m', 1, ...NODE),
  rate('echo-deflate', 3, 'ws-decoded'),
  ...[
    'broadcast-10',
    'broadcast-100',
    'broadcast-1000',
    'broadcast-1000x8',
    'broadcast-10000',
    'broadcast-10000x8',
  ].map((scenario) => rate(scenario, 1, 'uws')),
  ...['topics-100x10', 'topics-10x100'].flatMap((scenario) => [rate(scenario, 1, 'uws'), rate(scenario, 1, 'bun')]),
  atMost('bytes', 'idle', 0.7, 'ws'),
  { ...atMost('bytes', 'idle', 0.35, 'ws'), own: 'websockets-released' },
  rate('wss-64x16', 1.1, 'ws-decoded'),
  ...ENTRY_TARGETS.map((target) => ({ ...target, own: 'ws-entry' })),
];

/**
 * @param {import('./samples').Samples} samples
 * @returns {string} the table; empty where nothing was measured that has a target
 */
function targets(samples) {
  const rows = TARGETS.flatMap(({ own = OWN, scenario, mode, metric, sense, bound, peers }) => {
    const where = { scenario, mode };
    const peer = samples.best(where, peers, metric, sense);
    if (peers.length > 0 && !peer) return [];
    const values = peer ? samples.ratios(where, own, peer, metric) : samples.of({ ...where, server: own }, metric);
    if (values.length === 0) return [];
    const { median, low, high, verdict } = judge(values, sense, bound);
    const what = own === OWN ? metric : `${metric} of ${own}`;
    const aim = peer ? `${what} ${sense} ${bound} × ${peer}` : `${what} ${sense} ${bound} µs`;
    return [[scenario, mode, aim, figure(median), `${figure(low)}–${figure(high)}`, String(values.length), verdict]];
  });
  if (rows.length === 0) return '';
  return table(['scenario', 'mode', 'target', 'median', '95 % interval', 'rounds', 'verdict'], rows);
}

/** What is compared with an earlier build, and in which mode: rates with all cores, CPU time on one. */
const CHANGES = { shared: ['rate', 'p50', 'bytes'], pinned: ['cpu', 'jsCpu'] };

/**
 * @param {import('./samples').Samples} samples
 * @returns {string} the ratios to an earlier build, paired by round; empty if none was measured
 */
function changes(samples) {
  const scenarios = [...new Set(samples.all.map(({ scenario }) => scenario))];
  const rows = scenarios.flatMap((scenario) =>
    Object.entries(CHANGES).flatMap(([mode, metrics]) =>
      metrics.flatMap((metric) =>
        Object.entries(BEFORE).flatMap(([server, before]) => {
          const ratios = samples.ratios({ scenario, mode }, server, before, metric);
          if (ratios.length === 0) return [];
          const [low, high] = interval(ratios);
          const range = `${figure(low)}–${figure(high)}`;
          return [[scenario, mode, server, metric, figure(median(ratios)), range, String(ratios.length)]];
        }),
      ),
    ),
  );
  const head = ['scenario', 'mode', 'server', 'metric', 'ratio', '95 % interval', 'rounds'];
  return rows.length === 0 ? '' : table(head, rows);
}

module.exports = { changes, targets };
