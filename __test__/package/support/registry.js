'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const { once } = require('node:events');
const { allManifests } = require('../../../scripts/lib/package/manifest');

/** When all of it was. */
const PUBLISHED = '2024-01-01T00:00:00.000Z';

/**
 * An npm registry on this machine that has what a release publishes. Only the tarballs given can be
 * downloaded: of the other platforms npm has to see by their manifests that it needs none.
 *
 * @param {import('node:test').TestContext} t
 * @param {(import('../../../scripts/lib/package/pack').Packed & { manifest?: object })[]} tarballs one that no release
 *   publishes comes with its manifest
 * @param {(name: string) => boolean} [has] which of the packages it has, by default all
 * @returns {Promise<{ url: string, asked: string[] }>} `asked`: the paths of all requests
 */
async function registry(t, tarballs, has = () => true) {
  const asked = [];
  const others = tarballs.flatMap(({ manifest }) => manifest ?? []);
  const manifests = [...allManifests(), ...others].filter(({ name }) => has(name));
  const server = http.createServer((req, res) => {
    const place = decodeURIComponent(req.url.split('?', 1)[0]); // a scope's slash may come as %2f
    asked.push(place);
    const [, name, tarball] = /^\/(.+?)(?:\/-\/(.+))?$/.exec(place) ?? [];
    const manifest = manifests.find((one) => one.name === name);
    const packed = tarballs.find((one) => one.name === name);
    if (!manifest || (tarball && !packed)) {
      res.writeHead(404, { 'Content-Type': 'application/json' }).end('{}');
    } else if (tarball) {
      res.end(fs.readFileSync(packed.file));
    } else {
      const { version } = manifest;
      const hash = createHash('sha512')
        .update(packed ? fs.readFileSync(packed.file) : '')
        .digest('base64');
      const dist = {
        // Where registries have it: some package managers know without being told.
        tarball: `http://${req.headers.host}/${name}/-/${name.replace(/^@.*\//, '')}-${version}.tgz`,
        integrity: `sha512-${hash}`,
      };
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(
        JSON.stringify({
          name,
          'dist-tags': { latest: version },
          versions: { [version]: { ...manifest, dist } },
          // Some take nothing that is younger than a day.
          time: { created: PUBLISHED, modified: PUBLISHED, [version]: PUBLISHED },
        }),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, asked };
}

module.exports = { registry };
