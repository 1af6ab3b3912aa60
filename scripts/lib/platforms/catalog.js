'use strict';

/**
 * A platform that there is a package for.
 *
 * @typedef {object} Platform
 * @property {string} name `linux-x64-gnu`
 * @property {string} target what Rust calls it, and what is built on such a system
 * @property {string} cross what Rust calls what is built for it on other systems
 * @property {string} [glibc] the oldest that it runs with
 * @property {string[]} flags of rustc, wherever it is built
 * @property {NodeJS.ProcessEnv} env of Cargo
 * @property {string} library how Cargo names what it builds
 * @property {RegExp} needs the libraries that the binary may ask for
 */

/** What is the same for each kind of system. */
const KINDS = {
  gnu: {
    glibc: '2.17',
    library: 'libwebsockets.so',
    needs:
      /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|libgcc_s\.so\.1|ld-linux-(x86-64|aarch64)\.so\.\d)$/,
  },
  musl: {
    // Without this Rust makes no shared library for musl.
    flags: ['-C', 'target-feature=-crt-static'],
    library: 'libwebsockets.so',
    needs: /^(libc\.so|libgcc_s\.so\.1)$/,
  },
  darwin: {
    env: { MACOSX_DEPLOYMENT_TARGET: '11.0' },
    library: 'libwebsockets.dylib',
    needs: /^(\/usr\/lib\/lib(System\.B|iconv\.2)\.dylib)$/,
  },
  win32: {
    library: 'websockets.dll',
    // Those that each Windows has. The C runtime of the GNU toolchain, or of Visual C++, would have to be installed.
    needs: /^(kernel32|ntdll|ws2_32|userenv|bcrypt|bcryptprimitives|advapi32|api-ms-win-[\w-]+)\.dll$/i,
  },
};

/** @type {[name: string, kind: keyof typeof KINDS, target: string, cross?: string][]} */
const ROWS = [
  ['linux-x64-gnu', 'gnu', 'x86_64-unknown-linux-gnu'],
  ['linux-arm64-gnu', 'gnu', 'aarch64-unknown-linux-gnu'],
  ['linux-x64-musl', 'musl', 'x86_64-unknown-linux-musl'],
  ['linux-arm64-musl', 'musl', 'aarch64-unknown-linux-musl'],
  ['darwin-x64', 'darwin', 'x86_64-apple-darwin'],
  ['darwin-arm64', 'darwin', 'aarch64-apple-darwin'],
  // Visual C++ is for Windows alone. What the GNU toolchains make runs in the same Node.js, and is named like it.
  ['win32-x64-msvc', 'win32', 'x86_64-pc-windows-msvc', 'x86_64-pc-windows-gnu'],
  ['win32-arm64-msvc', 'win32', 'aarch64-pc-windows-msvc', 'aarch64-pc-windows-gnullvm'],
];

/** @type {Platform[]} */
const platforms = ROWS.map(([name, kind, target, cross = target]) => ({
  name,
  target,
  cross,
  flags: [],
  env: {},
  ...KINDS[kind],
}));

/**
 * @param {string} name of a platform, or its target
 * @returns {Platform}
 * @throws {Error} if there is none, with the names of all
 */
function platformOf(name) {
  const found = platforms.find((platform) => platform.name === name || platform.target === name);
  if (found !== undefined) return found;
  throw new Error(`no platform ${name}: there are ${platforms.map((platform) => platform.name).join(', ')}`);
}

module.exports = { platformOf, platforms };
