'use strict';

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const BARS = '▁▂▃▄▅▆▇█';

/** @param {number} value @param {number} digits */
const fixed = (value, digits) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {number} value a count @returns {string} */
const count = (value) => fixed(value, 0);

/** @param {number} value for each second @returns {string} small ones with a decimal */
const rate = (value) => fixed(value, value > 0 && value < 10 ? 1 : 0);

/** @param {number} value @returns {string} with its unit */
function bytes(value) {
  const at = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), BYTES.length - 1);
  const scaled = value / 1024 ** at;
  return `${fixed(scaled, at > 0 && scaled < 100 ? 1 : 0)} ${BYTES[at]}`;
}

/** @param {number} seconds @returns {string} in the two largest units */
function duration(seconds) {
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [whole / 86_400, (whole % 86_400) / 3600, (whole % 3600) / 60].map(Math.floor);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** @param {number} time ms since 1970 @returns {string} the local time of day */
const timeOfDay = (time) => new Date(time).toLocaleTimeString('en-GB');

/** @param {number[]} values @returns {string} a bar for each, the highest is the largest of them */
function sparkline(values) {
  const top = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => BARS[Math.round((value / top) * (BARS.length - 1))]).join('');
}

module.exports = { bytes, count, duration, rate, sparkline, timeOfDay };
