// Counts as a person reads them.

const GROUPS = /\B(?=(\d{3})+(?!\d))/g;
const NARROW_SPACE = '\u202f';

/** All digits, in groups of three. */
export function count(value: number): string {
  return Math.round(value).toString().replace(GROUPS, NARROW_SPACE);
}

/** At most four characters: `999`, `1.2k`, `48k`, `3.4M`. */
export function short(value: number): string {
  if (value < 1000) return Math.round(value).toString();
  if (value < 999_500) return scaled(value / 1000, 'k');
  if (value < 999_500_000) return scaled(value / 1_000_000, 'M');
  return scaled(value / 1_000_000_000, 'G');
}

function scaled(value: number, unit: string): string {
  const text = value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value).toString();
  return text + unit;
}

/** `1 order`, `2 orders`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
