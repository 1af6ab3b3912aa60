'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * The Autobahn test suite, in the folder that AUTOBAHN_HOME names. In there,
 *
 * - `setup.sh` installs what the suite needs, or finds it installed;
 * - `run-server-test.sh URL OUTDIR CASES` runs the cases (a JSON array) against a server, and leaves
 *   `summary.json` in OUTDIR;
 * - `run-client-test.sh COMMAND OUTDIR CASES` does so against a client, which is a shell command that
 *   finds AUTOBAHN_URL and AUTOBAHN_AGENT in its environment.
 */
class Suite {
  /** @param {string} home */
  constructor(home) {
    this.home = home;
  }

  /** @param {string} script @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
  #run(script, args, env = {}) {
    const file = path.join(this.home, script);
    const { status, error } = spawnSync('bash', [file, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (error) throw error;
    return status;
  }

  setup() {
    if (!fs.existsSync(path.join(this.home, 'setup.sh'))) throw new Error(`no setup.sh in ${this.home}`);
    const status = this.#run('setup.sh', []);
    if (status !== 0) throw new Error(`the suite could not be set up: setup.sh ended with ${status}`);
  }

  /**
   * Runs cases against a server.
   *
   * @param {string} url
   * @param {string} folder for the report
   * @param {string[]} cases names or patterns
   * @returns {{ total: number, failed: string[] }}
   */
  testServer(url, folder, cases) {
    return this.#test('run-server-test.sh', url, folder, cases);
  }

  /**
   * Has a client run cases.
   *
   * @param {string} command
   * @param {string} folder for the report
   * @param {string[]} cases names or patterns
   * @returns {{ total: number, failed: string[] }}
   */
  testClient(command, folder, cases) {
    return this.#test('run-client-test.sh', command, folder, cases);
  }

  #test(script, subject, folder, cases) {
    fs.rmSync(folder, { recursive: true, force: true }); // no report of an earlier run
    const env = { AUTOBAHN_ALLOW: '', AUTOBAHN_EXCLUDE: '[]' };
    const status = this.#run(script, [subject, folder, JSON.stringify(cases)], env);
    if (status !== 0 && status !== 1) throw new Error(`the suite did not come to its end: status ${status}`);
    return results(path.join(folder, 'summary.json'));
  }
}

/**
 * Counts a report: `behavior` has the number of cases by verdict, `bad` has those whose verdict, on
 * what the server did or on how it closed, is neither OK nor INFORMATIONAL.
 *
 * @param {string} file summary.json
 * @returns {{ total: number, failed: string[] }}
 */
function results(file) {
  const { agents } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const [{ behavior, bad }] = Object.values(agents);
  return { total: Object.values(behavior).reduce((sum, n) => sum + n, 0), failed: Object.keys(bad) };
}

module.exports = Suite;
