// Times and durations as a person says them.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in at most two units: `1.2 s`, `48 s`, `4 min`, `1 h 12 min`, `3 d 4 h`. Negative counts as none. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms <= 0) return '0 s';
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toString()} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < 10 * MINUTE) return two(ms, MINUTE, 'min', SECOND, 's');
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return two(ms, HOUR, 'h', MINUTE, 'min');
  return two(ms, DAY, 'd', HOUR, 'h');
}

function two(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms % big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** A duration in one unit, for where there is little room: `48 s`, `4 min`, `1 h`, `3 d`. */
export function shortDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms <= 0) return '0 s';
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** How long ago `at` was at `now`: `just now`, `4 min ago`, or `in 8 s` where it is still to come. */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < -SECOND) return `in ${shortDuration(-passed)}`;
  if (passed < SECOND) return 'just now';
  return `${shortDuration(passed)} ago`;
}

/** Date and time to the millisecond in the reader's time zone, with its offset. */
export function exact(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'no time';
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '−' : '+';
  const zone = `UTC${sign}${pad(Math.floor(Math.abs(offset) / 60), 2)}:${pad(Math.abs(offset) % 60, 2)}`;
  return `${day(date)} ${clock(at)}.${pad(date.getMilliseconds(), 3)} ${zone}`;
}

/** The time of day to the second. */
export function clock(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'no time';
  return `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}`;
}

function day(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)}`;
}

function pad(value: number, digits: number): string {
  return value.toString().padStart(digits, '0');
}

/** Reads `90s`, `4m`, `4 min`, `1h`, `2d` or milliseconds without a unit; `null` where it is none of them. */
export function parseDuration(text: string): number | null {
  const match = /^\s*(\d{1,12})\s*(ms|s|sec|m|min|h|d)?\s*$/i.exec(text);
  if (!match) return null;
  const units: Record<string, number> = { ms: 1, s: SECOND, sec: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY };
  return Number(match[1]) * (units[(match[2] ?? 'ms').toLowerCase()] ?? 1);
}
