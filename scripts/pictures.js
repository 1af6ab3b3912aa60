'use strict';

// npm run pictures: draws the pictures of docs/internals again from their sources.

const fs = require('node:fs');
const path = require('node:path');
const { draw } = require('./lib/pictures');
const root = require('./lib/root');

draw().then((pictures) => {
  for (const [file, svg] of pictures) {
    fs.writeFileSync(path.join(root, file), svg);
    console.log(file);
  }
});
