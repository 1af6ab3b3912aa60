'use strict';

// npm run package                                 one tarball with the binary for the platform at hand, into dist/
// npm run package -- --binaries FOLDER --all      what a registry gets: the main package, and one for each platform, from
//                                                 binaries built elsewhere

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const root = require('./lib/root');
const { thisPlatform } = require('../lib/native/platform');
const { packAll, packLocal } = require('./lib/package/pack');

const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KiB`;

try {
  const { values } = parseArgs({ options: { binaries: { type: 'string' }, all: { type: 'boolean' } } });
  const out = path.join(root, 'dist');
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out);
  const forRegistry = values.all || values.binaries !== undefined;
  const packed = forRegistry
    ? packAll({ out, binaries: values.binaries && path.resolve(values.binaries), all: values.all })
    : packLocal({ out, platforms: [thisPlatform().name] });
  for (const { file, size, unpackedSize, files } of packed) {
    console.log(
      `${path.relative(root, file)}  ${kib(size)}, ${kib(unpackedSize)} in ${files.length} files when installed`,
    );
  }
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
}
