'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { unpacked } = require('../../scripts/lib/platforms/debian');
const { cached, run } = require('../../scripts/lib/platforms/tools');
const { setInterpreter } = require('./musl');

/** Wine, and of what it asks for as much as a program without windows and sound needs. */
const PACKAGES = ['wine64', 'libwine', 'libc6', 'libgcc-s1', 'liblzma5', 'libunwind8', 'libz-mingw-w64'];

/**
 * Node.js under Wine takes neither the socket nor the pipe that it would print to, but a file. The libraries are Wine's
 * alone: the shell's programs run with those of this system.
 */
const INTO_FILE =
  'out=$(mktemp); LD_LIBRARY_PATH=$WINE_LIBRARIES "$0" "$@" > "$out" 2>&1 < /dev/null; status=$?; cat "$out"; rm "$out"; exit $status';

/**
 * Wine with a Windows of its own.
 *
 * @returns {{ command: string[], env: NodeJS.ProcessEnv }} what runs a program
 */
function wine() {
  const system = unpacked('wine', PACKAGES);
  const libraries = path.join(system, 'usr', 'lib', 'x86_64-linux-gnu');
  const programs = path.join(system, 'usr', 'lib', 'wine');
  const prefix = cached('wine-prefix');
  const program = path.join(programs, 'wine64');
  const env = {
    WINEDEBUG: '-all',
    // Nothing but the runtime of Windows: no browser, no .NET, no menus.
    WINEDLLOVERRIDES: 'mscoree,mshtml=;winemenubuilder.exe=',
    WINEPREFIX: prefix,
    WINE_LIBRARIES: libraries,
  };
  const ready = path.join(prefix, 'ready');
  if (!fs.existsSync(ready)) {
    prepare(system, libraries, programs);
    fs.rmSync(prefix, { recursive: true, force: true });
    const windows = path.join(prefix, 'drive_c', 'windows', 'system32');
    fs.mkdirSync(windows, { recursive: true });
    // Debian has this library in a package of its own, from which its scripts would link it.
    fs.copyFileSync(
      path.join(system, 'usr', 'x86_64-w64-mingw32', 'lib', 'zlib1.dll'),
      path.join(windows, 'zlib1.dll'),
    );
    const own = { ...process.env, ...env, LD_LIBRARY_PATH: libraries };
    run(program, ['wineboot', '--init'], { env: own, timeout: 300_000 });
    fs.writeFileSync(ready, '');
  }
  return { command: ['sh', '-c', INTO_FILE, program], env };
}

/** Has the programs run with the C library that is beside them, and find what Debian's scripts would link. */
function prepare(system, libraries, programs) {
  const interpreter = path.join(libraries, 'ld-linux-x86-64.so.2');
  for (const name of ['wine64', 'wineserver64']) setInterpreter(path.join(programs, name), interpreter);
  const link = (target, place) => {
    fs.rmSync(place, { force: true });
    fs.symlinkSync(target, place);
  };
  link('wineserver64', path.join(programs, 'wineserver'));
  link('.', path.join(system, 'usr', 'share', 'wine', 'wine'));
}

module.exports = { wine };
