/** Numbers, sizes, durations and moments as the page writes them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (n: number): string => String(n).padStart(2, '0');

/** Seconds in at most two units: `0.4s` `31s` `2m 10s` `1h 04m` `3d 2h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return '–';
  const s = Math.max(0, seconds);
  if (s < 0.05) return '0s';
  if (s < 9.95) return s % 1 < 0.05 ? `${Math.floor(s)}s` : `${s.toFixed(1)}s`;
  if (Math.round(s) < MINUTE) return `${Math.round(s)}s`;
  if (s < 10 * MINUTE) return `${Math.floor(s / MINUTE)}m ${two(Math.floor(s % MINUTE))}s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)}m`;
  if (s < DAY) return `${Math.floor(s / HOUR)}h ${two(Math.floor((s % HOUR) / MINUTE))}m`;
  return `${Math.floor(s / DAY)}d ${Math.floor((s % DAY) / HOUR)}h`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Time since @at, both in ms: just now, 2 min ago, 3 h ago, yesterday, 4 days ago, 3 Sep, 3 Sep 2024. */
export function ago(at: number, now: number): string {
  const s = (now - at) / 1000;
  if (s < 45) return 'just now';
  if (s < HOUR) return `${Math.max(1, Math.round(s / MINUTE))} min ago`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ago`;
  if (s < 2 * DAY) return 'yesterday';
  if (s < 7 * DAY) return `${Math.floor(s / DAY)} days ago`;
  const date = new Date(at);
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** Time until @at: in 27 min, in 3 h, in 26 days. */
export function until(at: number, now: number): string {
  const s = (at - now) / 1000;
  if (s < 0) return 'due now';
  if (s < MINUTE) return 'in less than a minute';
  if (s < HOUR) return `in ${Math.round(s / MINUTE)} min`;
  if (s < 2 * DAY) return `in ${Math.round(s / HOUR)} h`;
  return `in ${Math.round(s / DAY)} days`;
}

/** A moment in full, with weekday, seconds and zone. */
export function exact(at: number, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
    second: '2-digit', hour12: false, timeZoneName: 'short', ...(zone ? { timeZone: zone } : {}),
  }).format(at);
}

/** A tick: `Fri 14 Nov, 06:30`, in a zone; the viewer's where none is given. */
export function tickTime(at: number, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false,
    ...(zone ? { timeZone: zone } : {}),
  }).format(at);
}

export function clock(at: number, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit', minute: '2-digit', hour12: false, ...(zone ? { timeZone: zone } : {}),
  }).format(at);
}

/** Bytes in units of 1,000: `21.4 kB`, `4.1 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

export const count = (n: number): string => n.toLocaleString('en-US');

/** `1 job`, `2 jobs`. */
export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;

export const percent = (part: number): string =>
  `${part === 1 || part === 0 ? (part * 100).toFixed(0) : (part * 100).toFixed(1)} %`;

/** A text cut in its middle to @most characters, whole code points kept. */
export function cutMiddle(text: string, most: number): string {
  const points = [...text];
  if (points.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${points.slice(0, head).join('')}…${points.slice(points.length - (most - 1 - head)).join('')}`;
}

/** Up to two letters for a person's disc. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/);
  const letters = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : [parts[0]];
  return letters.map((part) => [...(part ?? '')][0] ?? '').join('').toUpperCase();
}
