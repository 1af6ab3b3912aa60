// Numbers for people.

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export const count = (value) => number.format(value);
export const rate = (value) => (value < 10 ? fine : number).format(value);
export const percent = (share) => `${number.format(share * 100)} %`;
export const milliseconds = (value) => `${fine.format(value)} ms`;
export const timeOfDay = (time) => clock.format(time);

export function bytes(value) {
  const at = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  return `${(at === 0 || value / 1024 ** at >= 100 ? number : fine).format(value / 1024 ** at)} ${UNITS[at]}`;
}

export function duration(seconds) {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}
