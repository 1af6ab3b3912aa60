'use strict';

// npm run package                                 the tarballs for the platform at hand, into dist/
// npm run package -- --binaries FOLDER --all      those of all platforms, from binaries built elsewhere

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const root = require('./lib/root');
const { packAll } = require('./lib/package/pack');

const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KiB`;

try {
  const { values } = parseArgs({ options: { binaries: { type: 'string' }, all: { type: 'boolean' } } });
  const out = path.join(root, 'dist');
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out);
  const packed = packAll({ out, binaries: values.binaries && path.resolve(values.binaries), all: values.all });
  for (const { file, size, unpackedSize, files } of packed) {
    console.log(
      `${path.relative(root, file)}  ${kib(size)}, ${kib(unpackedSize)} in ${files.length} files when installed`,
    );
  }
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
}
