'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const root = require('../../scripts/lib/root');

/** Why a test is skipped that needs the files. */
const NO_GIT = 'Git does not say which files the project has';

/**
 * @param {...string} folders all, if none is given
 * @returns {string[]} the project's files below these folders, those that Git would have included; none without Git
 */
function projectFiles(...folders) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders];
  const { status, stdout } = spawnSync('git', list, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.split('\0').filter((name) => name !== '' && fs.existsSync(path.join(root, name))) : [];
}

module.exports = { NO_GIT, projectFiles };
