'use strict';

/**
 * Headers of the app's that a redirect to another host or port takes along. Any other may be a secret of the first
 * host: nobody can know that by its name.
 */
const SHOWN_HEADERS = new Set(['accept-language', 'origin', 'user-agent']);

/** Options that say which connections there may be, and neither who we are nor who we trust. */
const SHOWN_OPTIONS = new Set([
  'ALPNProtocols',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'ciphers',
  'crl',
  'ecdhCurve',
  'family',
  'localAddress',
  'localPort',
  'lookup',
  'maxHeaderSize',
  'maxVersion',
  'minVersion',
  'sigalgs',
]);

/** What an agent makes of all its connections. */
const OF_AGENTS = [
  'ca',
  'cert',
  'checkServerIdentity',
  'key',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
];

/**
 * What another host gets to see of the settings of a handshake that is redirected there.
 *
 * @param {import('./request-options.js').Settings} settings
 * @returns {import('./request-options.js').Settings}
 */
function forOtherHost(settings) {
  const { agent, connect, headers } = settings;
  const { options = {} } = /** @type {{ options?: Record<string, unknown> }} */ (agent || {});
  return {
    ...settings,
    agent: OF_AGENTS.some((name) => options[name] !== undefined) ? false : agent,
    connect: Object.fromEntries(Object.entries(connect).filter(([name]) => SHOWN_OPTIONS.has(name))),
    headers: headers.filter(([name]) => SHOWN_HEADERS.has(name.toLowerCase())),
    // Tokens go by the name of subprotocols where browsers can send no headers.
    protocols: [],
  };
}

module.exports = { forOtherHost };
