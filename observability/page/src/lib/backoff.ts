// How long to wait before trying again.

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;

/** The pause before attempt `n` (0 is the first after a failure), doubling up to a cap; `chance` in 0..1 spreads it by a fifth. */
export function backoff(n: number, chance: number): number {
  const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(n, 10));
  return Math.round(pause * (0.8 + 0.4 * chance));
}
