'use strict';

// Certificates of every kind, also of those that no authority would issue.

const { constants, generateKeyPairSync, sign } = require('node:crypto');
const { bits, der, named, oid, sequence, time } = require('./der');

const DAY = 24 * 60 * 60 * 1000;

const NULL = der(0x05);
const dns = (name) => der(0x82, Buffer.from(name));

/** An extension (RFC 5280 §4.2). */
const extension = (id, value, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));

const SERVER = '2b06010505070301';
const CLIENT = '2b06010505070302';

const basic = (isAuthority, most, isCritical = true) => {
  const ca = isAuthority ? [der(0x01, Buffer.of(0xff))] : [];
  const length = most === undefined ? [] : [der(0x02, Buffer.of(most))];
  return extension('551d13', sequence(...ca, ...length), isCritical);
};
const usage = (byte, unused = 0) => extension('551d0f', bits(byte === null ? [] : [byte], unused), true);
const purposes = (...ids) => extension('551d25', sequence(...ids.map(oid)));
const alternative = (...names) => extension('551d11', sequence(...names));
const permitted = (...names) => extension('551d1e', sequence(der(0xa0, ...names.map((one) => sequence(one)))), true);
const excluded = (...names) => extension('551d1e', sequence(der(0xa1, ...names.map((one) => sequence(one)))), true);
const netscape = (byte) => extension('6086480186f8420101', bits([byte]));
const own = (id) => extension('551d0e', der(0x04, Buffer.from(id)));
const issuers = (id) => extension('551d23', sequence(der(0x80, Buffer.from(id))));

/** Algorithms of signatures: how they are named, and what signs. */
const SIGNATURES = {
  'ec-sha256': [sequence(oid('2a8648ce3d040302')), 'sha256'],
  'ec-sha384': [sequence(oid('2a8648ce3d040303')), 'sha384'],
  'ec-sha224': [sequence(oid('2a8648ce3d040301')), 'sha224'],
  'ec-sha1': [sequence(oid('2a8648ce3d0401')), 'sha1'],
  // No algorithm is named so.
  'ec-unknown': [sequence(oid('2a8648ce3d0409')), 'sha256'],
  'rsa-sha256': [sequence(oid('2a864886f70d01010b'), NULL), 'sha256'],
  'rsa-sha512': [sequence(oid('2a864886f70d01010d'), NULL), 'sha512'],
  'rsa-sha1': [sequence(oid('2a864886f70d010105'), NULL), 'sha1'],
  'rsa-md5': [sequence(oid('2a864886f70d010104'), NULL), 'md5'],
  // Without its parameters, which are those of SHA-1.
  'rsa-pss': [sequence(oid('2a864886f70d01010a'), sequence()), 'sha1', constants.RSA_PKCS1_PSS_PADDING],
  ed25519: [sequence(oid('2b6570')), null],
};

const KEYS = {
  'P-256': ['ec', { namedCurve: 'P-256' }],
  'P-384': ['ec', { namedCurve: 'P-384' }],
  'P-521': ['ec', { namedCurve: 'P-521' }],
  secp224r1: ['ec', { namedCurve: 'secp224r1' }],
  secp256k1: ['ec', { namedCurve: 'secp256k1' }],
  explicit: ['ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }],
  rsa1024: ['rsa', { modulusLength: 1024 }],
  rsa2048: ['rsa', { modulusLength: 2048 }],
  ed25519: ['ed25519', {}],
};

/** The keys that were made, by what they are for and which they are. */
const made = new Map();

/** @param {string} who @param {keyof typeof KEYS} kind */
function keyOf(who, kind) {
  const name = `${who} ${kind}`;
  if (!made.has(name)) made.set(name, generateKeyPairSync(...KEYS[kind]));
  return made.get(name);
}

/** A key of P-256 with half of its point (SEC 1 §2.3.3). @param {import('node:crypto').KeyObject} key */
function compressed(key) {
  const { x, y } = key.export({ format: 'jwk' });
  const sign = 2 + (Buffer.from(y, 'base64url').at(-1) & 1);
  const algorithm = sequence(oid('2a8648ce3d0201'), oid('2a8648ce3d030107'));
  return sequence(algorithm, bits(Buffer.concat([Buffer.of(sign), Buffer.from(x, 'base64url')])));
}

const FAMILY = (kind) => (kind.startsWith('rsa') ? 'rsa-sha256' : kind === 'ed25519' ? 'ed25519' : 'ec-sha256');

let serial = 0;

/**
 * A certificate.
 *
 * @param {object} spec whose it is, of which key, with which extensions, from when to when in days, and how it is signed
 * @param {object} issuer the same of who signs it
 * @returns {string} PEM
 */
function certify(spec, issuer) {
  const { privateKey } = keyOf(issuer.who, issuer.kind);
  const { publicKey } = keyOf(spec.who, spec.kind);
  const [algorithm, digest, padding] = SIGNATURES[spec.signed ?? FAMILY(issuer.kind)];
  const [from, to] = spec.days ?? [-1, 1];
  const list = spec.version === 1 ? [] : Object.values(spec.extensions).flat().filter(Boolean);
  const number = Buffer.alloc(8);
  number.writeUInt32BE(++serial, 4);
  number[0] = 1;
  const body = sequence(
    ...(spec.version === 1 ? [] : [der(0xa0, der(0x02, Buffer.of(2)))]),
    der(0x02, number),
    algorithm,
    named(issuer.name),
    sequence(...[from, to].map((days) => time(new Date(Date.now() + days * DAY)))),
    named(spec.name),
    spec.isCompressed ? compressed(publicKey) : publicKey.export({ type: 'spki', format: 'der' }),
    ...(list.length > 0 ? [der(0xa3, sequence(...list))] : []),
  );
  const signature = sign(
    digest,
    body,
    padding === undefined ? privateKey : { key: privateKey, padding, saltLength: 20 },
  );
  if (spec.isForged) signature[signature.length - 1] ^= 1;
  const lines = sequence(body, algorithm, bits(signature))
    .toString('base64')
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** What a chain is if nothing is strange about it. */
function usual() {
  const one = (who, name, extensions) => ({ who, name, kind: 'P-256', extensions });
  return {
    root: one('root', 'the root', { basic: basic(true), usage: usage(6, 1), own: own('root') }),
    middle: one('middle', 'the middle', {
      basic: basic(true),
      usage: usage(6, 1),
      own: own('middle'),
      issuers: issuers('root'),
    }),
    leaf: one('leaf', 'localhost', {
      usage: usage(0x80, 7),
      purposes: purposes(SERVER),
      alternative: alternative(dns('localhost')),
      issuers: issuers('middle'),
    }),
    trusted: ['root'],
    sent: ['leaf', 'middle'],
  };
}

/** What may be strange about one certificate. @type {Record<string, (one: any) => void>} */
const STRANGE = {
  'no basicConstraints': ({ extensions }) => delete extensions.basic,
  'no authority': ({ extensions }) => (extensions.basic = basic(false)),
  'an authority': ({ extensions }) => (extensions.basic = basic(true)),
  'a path of 0': ({ extensions }) => (extensions.basic = basic(true, 0)),
  'a path of 1': ({ extensions }) => (extensions.basic = basic(true, 1)),
  'a path of -1': ({ extensions }) => (extensions.basic = basic(true, 0xff)),
  'a path of none': ({ extensions }) => (extensions.basic = basic(false, 0)),
  'uncritical basicConstraints': ({ extensions }) => (extensions.basic = basic(true, undefined, false)),
  'two basicConstraints': ({ extensions }) => (extensions.basic = [basic(true), basic(true)]),
  'broken basicConstraints': ({ extensions }) => (extensions.basic = extension('551d13', Buffer.of(1, 2, 3), true)),
  'no keyUsage': ({ extensions }) => delete extensions.usage,
  'usage: certificates': ({ extensions }) => (extensions.usage = usage(4, 2)),
  'usage: lists': ({ extensions }) => (extensions.usage = usage(2, 1)),
  'usage: signatures': ({ extensions }) => (extensions.usage = usage(0x80, 7)),
  'usage: encipherment': ({ extensions }) => (extensions.usage = usage(0x20, 5)),
  'usage: agreement': ({ extensions }) => (extensions.usage = usage(8, 3)),
  'usage: repudiation': ({ extensions }) => (extensions.usage = usage(0x40, 6)),
  'usage: nothing': ({ extensions }) => (extensions.usage = usage(null)),
  'usage: zero': ({ extensions }) => (extensions.usage = usage(0, 0)),
  'no purposes': ({ extensions }) => delete extensions.purposes,
  'purpose: server': ({ extensions }) => (extensions.purposes = purposes(SERVER)),
  'purpose: client': ({ extensions }) => (extensions.purposes = purposes(CLIENT)),
  'purpose: both': ({ extensions }) => (extensions.purposes = purposes(CLIENT, SERVER)),
  'purpose: any': ({ extensions }) => (extensions.purposes = purposes('551d2500')),
  'purpose: code': ({ extensions }) => (extensions.purposes = purposes('2b06010505070303')),
  'purpose: gated': ({ extensions }) => (extensions.purposes = purposes('6086480186f8420401')),
  'purpose: none': ({ extensions }) => (extensions.purposes = purposes()),
  'permits the name': ({ extensions }) => (extensions.names = permitted(dns('localhost'))),
  'permits another name': ({ extensions }) => (extensions.names = permitted(dns('example.test'))),
  'excludes the name': ({ extensions }) => (extensions.names = excluded(dns('localhost'))),
  'excludes another name': ({ extensions }) => (extensions.names = excluded(dns('example.test'))),
  'permits an address': ({ extensions }) => (extensions.names = permitted(der(0x87, Buffer.alloc(8)))),
  'permits a subject': ({ extensions }) => (extensions.names = permitted(der(0xa4, named('localhost')))),
  'Netscape: server': ({ extensions }) => (extensions.netscape = netscape(0x40)),
  'Netscape: client': ({ extensions }) => (extensions.netscape = netscape(0x80)),
  'Netscape: authority': ({ extensions }) => (extensions.netscape = netscape(0x04)),
  'an unknown extension': ({ extensions }) => (extensions.other = extension('2a0304', NULL)),
  'a critical unknown extension': ({ extensions }) => (extensions.other = extension('2a0304', NULL, true)),
  'the extension of a proxy': ({ extensions }) =>
    (extensions.other = extension('2b0601050507010e', sequence(sequence(oid('2b06010505071501'))), true)),
  'an uncritical extension of a proxy': ({ extensions }) =>
    (extensions.other = extension('2b0601050507010e', sequence(sequence(oid('2b06010505071501'))))),
  'addresses of networks': ({ extensions }) =>
    (extensions.other = extension('2b06010505070107', sequence(sequence(der(0x04, Buffer.of(0, 1)), NULL)))),
  'a critical comment': ({ extensions }) =>
    (extensions.other = extension('6086480186f842010d', der(0x16, Buffer.from('hello')), true)),
  'a comment': ({ extensions }) =>
    (extensions.other = extension('6086480186f842010d', der(0x16, Buffer.from('hello')))),
  'a policy': ({ extensions }) => (extensions.other = extension('551d20', sequence(sequence(oid('2a0305'))))),
  'a critical policy': ({ extensions }) =>
    (extensions.other = extension('551d20', sequence(sequence(oid('2a0305'))), true)),
  'a policy that is asked for': ({ extensions }) =>
    (extensions.other = extension('551d24', sequence(der(0x80, Buffer.of(0))), true)),
  'another identifier': ({ extensions }) => (extensions.own = own('other')),
  'another issuer': ({ extensions }) => (extensions.issuers = issuers('other')),
  'no issuer': ({ extensions }) => delete extensions.issuers,
  expired: (one) => (one.days = [-3, -1]),
  'not valid yet': (one) => (one.days = [1, 3]),
  'valid for no time': (one) => (one.days = [1, -1]),
  'version 1': (one) => (one.version = 1),
  'a forged signature': (one) => (one.isForged = true),
  'signed by SHA-1': (one) => (one.signed = 'ec-sha1'),
  'signed as nobody does': (one) => (one.signed = 'ec-unknown'),
  'signed by SHA-224': (one) => (one.signed = 'ec-sha224'),
  'signed by SHA-384': (one) => (one.signed = 'ec-sha384'),
  'a key of P-384': (one) => (one.kind = 'P-384'),
  'a key of P-521': (one) => (one.kind = 'P-521'),
  'a key of secp224r1': (one) => (one.kind = 'secp224r1'),
  // Node.js 24 crashes over one, without us.
  ...(Number(process.versions.node.split('.')[0]) < 24 && { 'a key of secp256k1': (one) => (one.kind = 'secp256k1') }),
  'a key with its parameters': (one) => (one.kind = 'explicit'),
  'a compressed key': (one) => (one.isCompressed = true),
  'a key of RSA': (one) => (one.kind = 'rsa2048'),
  'a short key of RSA': (one) => (one.kind = 'rsa1024'),
  'a key of Ed25519': (one) => (one.kind = 'ed25519'),
  'no other names': ({ extensions }) => delete extensions.alternative,
  'another name': ({ extensions }) => (extensions.alternative = alternative(dns('example.test'))),
  'a wildcard': ({ extensions }) => (extensions.alternative = alternative(dns('*'))),
  'an address': ({ extensions }) => (extensions.alternative = alternative(der(0x87, Buffer.of(127, 0, 0, 1)))),
  'the name of the root': (one) => (one.name = 'the root'),
};

/** The extensions that are looked into, or may be of any content: who has them in `usual`, if anybody. */
const EXTENSIONS = {
  subjectKeyIdentifier: ['551d0e', 'own'],
  keyUsage: ['551d0f', 'usage'],
  subjectAltName: ['551d11', 'alternative'],
  basicConstraints: ['551d13', 'basic'],
  cRLDistributionPoints: ['551d1f', 'other'],
  certificatePolicies: ['551d20', 'other'],
  authorityKeyIdentifier: ['551d23', 'issuers'],
  extKeyUsage: ['551d25', 'purposes'],
  authorityInfoAccess: ['2b06010505070101', 'other'],
  'signed certificate timestamps': ['2b06010401d679020402', 'other'],
  'a comment': ['6086480186f842010d', 'other'],
};

const utf8 = (text) => der(0x0c, Buffer.from(text));
const place = (name) => sequence(der(0xa0, name));

/** Values of an extension, most of them of another one or of none. */
const CONTENTS = {
  nothing: Buffer.alloc(0),
  junk: Buffer.of(1, 2, 3),
  'an empty SEQUENCE': sequence(),
  'an empty SEQUENCE in another': sequence(sequence()),
  'a SEQUENCE and more': Buffer.concat([sequence(), Buffer.of(0)]),
  NULL,
  'an OCTET STRING': der(0x04, Buffer.from('root')),
  'an INTEGER': der(0x02, Buffer.of(1)),
  'an identifier': sequence(der(0x80, Buffer.from('root'))),
  'a name in brackets': sequence(der(0xa1, dns('x'))),
  'an issuer and a number': sequence(der(0xa1, der(0xa4, named('nobody'))), der(0x82, Buffer.of(1))),
  'FALSE, written': sequence(der(0x01, Buffer.of(0))),
  'TRUE, as 1': sequence(der(0x01, Buffer.of(1))),
  'a name with NUL': sequence(dns('localhost\0.example.test')),
  'a name that is no ASCII': sequence(der(0x82, Buffer.from('localh\xf6st', 'latin1')), dns('localhost')),
  'a name of another kind': sequence(der(0xa0, oid('2a03'), der(0xa0, utf8('x'))), dns('localhost')),
  bits: der(0x03, Buffer.of(0, 0x86)),
  'one bit': bits([0x80], 7),
  'more bits': bits([0x06, 0x80]),
  'bits, and too many unused': bits([0x80], 9),
  'a place of lists': sequence(place(der(0xa0, der(0x86, Buffer.from('http://example.test/'))))),
  'a place of lists without a name': sequence(place(der(0xa0))),
  'a place of lists, by its issuer': sequence(place(der(0xa1, sequence(oid('550403'), utf8('x'))))),
  'an issuer of lists alone': sequence(sequence(der(0xa2, der(0xa4, named('x'))))),
  'reasons alone': sequence(sequence(der(0x81, Buffer.of(7, 0x80)))),
};

/** What may be strange within one extension. @type {Record<string, (one: any) => void>} */
const WITHIN = {};
for (const [name, [id, place]] of Object.entries(EXTENSIONS)) {
  for (const [content, value] of Object.entries(CONTENTS)) {
    for (const isCritical of [false, true]) {
      WITHIN[`${name}: ${content}${isCritical ? ', critical' : ''}`] = ({ extensions }) =>
        (extensions[place] = extension(id, value, isCritical));
    }
  }
}

/** What may be strange about a whole chain. @type {Record<string, (chain: any) => void>} */
const WHOLE = {
  'nobody in between is sent': (chain) => (chain.sent = ['leaf']),
  'the root is sent': (chain) => (chain.sent = ['leaf', 'middle', 'root']),
  'another order': (chain) => (chain.sent = ['leaf', 'root', 'middle']),
  'who is in between is trusted alone': (chain) => (chain.trusted = ['middle']),
  'who is in between is trusted, too': (chain) => {
    chain.trusted = ['root', 'middle'];
    chain.sent = ['leaf'];
  },
  'the server is trusted alone': (chain) => (chain.trusted = ['leaf']),
  'the server is trusted, too': (chain) => (chain.trusted = ['leaf', 'root']),
  'signed by the root': (chain) => {
    chain.issuer = 'root';
    chain.leaf.extensions.issuers = issuers('root');
    chain.sent = ['leaf'];
  },
  'signed by itself': (chain) => {
    chain.issuer = 'leaf';
    delete chain.leaf.extensions.issuers;
    chain.sent = ['leaf'];
  },
  'signed by itself, and trusted': (chain) => {
    WHOLE['signed by itself'](chain);
    chain.trusted = ['leaf'];
  },
  'another root of the same name': (chain) => (chain.rootKey = 'stranger'),
  'signed by RSA and SHA-1': (chain) => {
    chain.middle.kind = 'rsa2048';
    chain.leaf.signed = 'rsa-sha1';
  },
  'signed by RSA and MD5': (chain) => {
    chain.middle.kind = 'rsa2048';
    chain.leaf.signed = 'rsa-md5';
  },
  'signed by RSA and SHA-512': (chain) => {
    chain.middle.kind = 'rsa2048';
    chain.leaf.signed = 'rsa-sha512';
  },
  'signed by RSA-PSS with SHA-1': (chain) => {
    chain.middle.kind = 'rsa2048';
    chain.leaf.signed = 'rsa-pss';
  },
  'an expired root before': (chain) => {
    chain.old = { of: 'root', days: [-3, -1] };
    chain.trusted = ['old', 'root'];
  },
  'an expired root behind': (chain) => {
    chain.old = { of: 'root', days: [-3, -1] };
    chain.trusted = ['root', 'old'];
  },
  'an expired one in between before': (chain) => {
    chain.old = { of: 'middle', days: [-3, -1] };
    chain.sent = ['leaf', 'old', 'middle'];
  },
  'an expired one in between behind': (chain) => {
    chain.old = { of: 'middle', days: [-3, -1] };
    chain.sent = ['leaf', 'middle', 'old'];
  },
  'an expired one in between is trusted': (chain) => {
    chain.old = { of: 'middle', days: [-3, -1] };
    chain.trusted = ['old', 'root'];
  },
  'a root that signs itself anew': (chain) => {
    chain.old = { of: 'root', extensions: { basic: basic(true, 0), own: own('anew'), issuers: issuers('root') } };
    chain.middle.extensions.issuers = issuers('anew');
    chain.sent = ['leaf', 'middle', 'old'];
  },
  'another root that knows the same': (chain) => {
    chain.old = { of: 'root', extensions: { basic: basic(true), names: excluded(dns('localhost')) } };
    chain.trusted = ['old', 'root'];
  },
  'the same, behind': (chain) => {
    chain.old = { of: 'root', extensions: { basic: basic(true), names: excluded(dns('localhost')) } };
    chain.trusted = ['root', 'old'];
  },
};

/** @param {any} chain @returns {{ key: import('node:crypto').KeyObject, cert: string, ca: string[] }} */
function build(chain) {
  const { root, middle, leaf } = chain;
  const signer = { root, middle, leaf }[chain.issuer ?? 'middle'];
  const pem = {
    root: certify(root, root),
    middle: certify(middle, chain.rootKey ? { ...root, who: chain.rootKey } : root),
    leaf: certify(leaf, signer),
  };
  if (chain.old) {
    const { of, ...changes } = chain.old;
    pem.old = certify({ ...chain[of], ...changes }, root);
  }
  return {
    key: keyOf(leaf.who, leaf.kind).privateKey,
    cert: chain.sent.map((one) => pem[one]).join(''),
    ca: chain.trusted.map((one) => pem[one]),
  };
}

/** Numbers that look random and are the same each time (mulberry32). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** @param {typeof STRANGE} table @returns {[string, (chain: any) => void][]} the same for each certificate of a chain */
function ofEach(table) {
  return ['root', 'middle', 'leaf'].flatMap((who) =>
    Object.entries(table).map(([what, change]) => [`${who}: ${what}`, (chain) => change(chain[who])]),
  );
}

/** @param {[string, (chain: any) => void][]} changes @returns {Generator<ReturnType<typeof build> & { name: string }>} */
function* changed(changes) {
  for (const [name, change] of changes) {
    const chain = usual();
    change(chain);
    yield { name, ...build(chain) };
  }
}

/** Chains in which one certificate has an extension of any content. @returns {ReturnType<typeof changed>} */
function chainsWithin() {
  return changed(ofEach(WITHIN));
}

/**
 * Chains: the usual one, those with one thing that is strange, and some with more.
 *
 * @param {number} more how many of these
 * @returns {Generator<{ name: string, key: import('node:crypto').KeyObject, cert: string, ca: string[] }>}
 */
function* chains(more) {
  const singles = [...ofEach(STRANGE), ...Object.entries(WHOLE)];
  yield { name: 'usual', ...build(usual()) };
  yield* changed(singles);
  const next = numbers(1);
  for (let index = 0; index < more; index++) {
    const chain = usual();
    const picked = Array.from({ length: 2 + next(3) }, () => singles[next(singles.length)]);
    for (const [, change] of picked) change(chain);
    try {
      yield { name: picked.map(([name]) => name).join('; '), ...build(chain) };
    } catch {
      // Such as a signature of ECDSA by a key of RSA: there is none.
    }
  }
}

module.exports = { build, chains, chainsWithin, usual };
