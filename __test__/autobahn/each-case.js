'use strict';

/**
 * Goes through all cases of the fuzzing server, and has it write its report.
 *
 * @param {(path: string, echoes: boolean) => Promise<string | undefined>} connect gives the last message, if messages
 *   are not sent back
 * @param {string} agent
 */
async function eachCase(connect, agent) {
  const count = Number(await connect('/getCaseCount', false));
  if (!(count > 0)) throw new Error('the fuzzing server has no cases');
  for (let index = 1; index <= count; index++) {
    await connect(`/runCase?case=${index}&agent=${agent}`, true);
  }
  await connect(`/updateReports?agent=${agent}`, false);
}

module.exports = { eachCase };
