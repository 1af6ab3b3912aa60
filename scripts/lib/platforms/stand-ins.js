'use strict';

// What stands in for files of other systems that are not to be had here. A binary needs none of it when it runs: its names
// are looked up in what that system has.

const fs = require('node:fs');
const path = require('node:path');
const { cached, run, tool } = require('./tools');

/**
 * Writes files, unless they are so already: Cargo builds again what a newer file is part of.
 *
 * @param {string} folder
 * @param {Record<string, string>} files
 * @returns {string} the folder
 */
function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) continue;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o755 });
  }
  return folder;
}

/**
 * For Windows. The build script of napi asks for Node.js as a library, though its functions are looked up when the addon
 * is loaded; and cargo-zigbuild passes on no list of what is exported.
 *
 * @returns {{ libnode: string, exports: string }} a folder, and a file
 */
function ofWindows() {
  const folder = write(cached('windows'), {
    'exports.def': 'EXPORTS\n  napi_register_module_v1\n',
    'libnode.a': '!<arch>\n',
    'libnode.dll': '',
    'libnode.dll.a': '!<arch>\n', // an archive of nothing
  });
  return { libnode: folder, exports: path.join(folder, 'exports.def') };
}

/** What the standard library takes from a library that zig does not know, as linkers read it. */
const ICONV = `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libiconv.2.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _iconv, _iconv_close, _iconv_open ]
...
`;

/**
 * For macOS: an SDK with the names of the libraries that Rust asks for, and Rust's own linker. That of zig exports
 * everything, and so can leave out nothing.
 *
 * @returns {{ sdk: string, linker: string }} a folder, and a program
 */
function ofMacos() {
  const zig = run(tool('python'), ['-c', 'import os, ziglang; print(os.path.dirname(ziglang.__file__))']).trim();
  const system = fs.readFileSync(path.join(zig, 'lib', 'libc', 'darwin', 'libSystem.tbd'), 'utf8');
  const [, host] = /^host: (.+)$/m.exec(run('rustc', ['-vV'])) ?? [];
  const lld = path.join(run('rustc', ['--print', 'sysroot']).trim(), 'lib', 'rustlib', host, 'bin', 'rust-lld');
  const folder = write(cached('macos'), {
    // The build script of napi has an argument for a compiler that links, which the linker does not know.
    'ld64.sh': `#!/bin/sh
for argument; do
  shift
  [ "$argument" = -Wl ] || set -- "$@" "$argument"
done
exec '${lld}' "$@"
`,
    'usr/lib/libSystem.tbd': system,
    'usr/lib/libc.tbd': system,
    'usr/lib/libiconv.tbd': ICONV,
    'usr/lib/libm.tbd': system,
  });
  return { sdk: folder, linker: path.join(folder, 'ld64.sh') };
}

module.exports = { ofMacos, ofWindows };
