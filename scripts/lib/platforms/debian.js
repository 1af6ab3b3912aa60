'use strict';

// Packages of Debian, from the mirror that this machine has, unpacked under `.cache/`. The system's own packages and
// sources stay as they are.

const fs = require('node:fs');
const path = require('node:path');
const { cached, run } = require('./tools');

/** The release that has them, and where it has newer ones. */
const SUITES = ['trixie', 'trixie-backports'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const APT = cached('apt');

/** @returns {string} the address of the mirror that apt is set up with */
function mirror() {
  let found = '';
  try {
    found = run('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  } catch {
    /* there is no apt */
  }
  const [address] = found.split('\n').filter((uri) => /\/debian\/?$/.test(uri));
  if (address !== undefined && fs.existsSync(KEYRING)) return address;
  throw new Error('this needs Debian: its apt, with a mirror of it among the sources, and its keyring');
}

/** What sets apt up to look nowhere else. */
const OPTIONS = Object.entries({
  'APT::Architectures': 'amd64,arm64',
  'APT::Sandbox::User': 'root',
  'Acquire::Languages': 'none',
  'Dir::Cache': path.join(APT, 'cache'),
  'Dir::Etc::sourcelist': path.join(APT, 'sources.list'),
  'Dir::Etc::sourceparts': '/dev/null',
  'Dir::State::lists': path.join(APT, 'lists'),
  'Dir::State::status': path.join(APT, 'status'),
}).flatMap(([name, value]) => ['-o', `${name}=${value}`]);

/** Has apt know what those suites have. */
function update() {
  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    fs.mkdirSync(path.join(APT, folder), { recursive: true });
  }
  const address = mirror();
  const lines = SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${address} ${suite} main\n`);
  fs.writeFileSync(path.join(APT, 'sources.list'), lines.join(''));
  fs.writeFileSync(path.join(APT, 'status'), '');
  run('apt-get', [...OPTIONS, '-qq', 'update']);
}

/**
 * Unpacks packages, unless they are there.
 *
 * @param {string} name of the folder that they are unpacked into
 * @param {string[]} packages each as apt takes it: `musl:arm64`, `rust-src=1.95.*`
 * @returns {string} the folder, as the root of a system that has nothing else
 */
function unpacked(name, packages) {
  const folder = cached('debian', name);
  const stamp = path.join(folder, 'unpacked.json');
  const wanted = JSON.stringify(packages);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return folder;
  fs.rmSync(folder, { recursive: true, force: true });
  const archives = path.join(folder, 'archives');
  fs.mkdirSync(archives, { recursive: true });
  update();
  run('apt-get', [...OPTIONS, '-qq', 'download', ...packages], { cwd: archives });
  for (const archive of fs.readdirSync(archives)) run('dpkg-deb', ['-x', path.join(archives, archive), folder]);
  fs.rmSync(archives, { recursive: true });
  // As every system of Debian has it; some packages leave it to others.
  for (const place of ['bin', 'lib', 'lib64']) {
    if (!fs.existsSync(path.join(folder, place))) fs.symlinkSync(path.join('usr', place), path.join(folder, place));
  }
  fs.writeFileSync(stamp, wanted);
  return folder;
}

module.exports = { unpacked };
