'use strict';

/**
 * Ends in good order at the first signal, and at once at the second.
 *
 * @param {() => void} end begins the good order; the process ends by itself after it
 * @returns {() => void} what a terminal's Ctrl-C calls, where it is no signal
 */
function onInterrupt(end) {
  let asked = false;
  const interrupt = () => {
    if (asked) process.exit(130);
    asked = true;
    end();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return interrupt;
}

module.exports = { onInterrupt };
