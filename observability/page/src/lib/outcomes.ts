// What became of dead letters that somebody acted on, added up over several requests.

import type { Count } from '../api/types';

/**
 * The counts of an answer to an action, by outcome. The program that carries actions out is not the observer's own, so
 * any of these is understood: `{ "outcomes": { "replayed": 2 } }`, `[{ "name": "replayed", "count": 2 }]` in it, a list of
 * letters with an `outcome` each, or such a thing without the `outcomes` around it.
 */
export function outcomes(answer: unknown): Count[] {
  const body = isRecord(answer) && 'outcomes' in answer ? answer.outcomes : answer;
  const counts = new Map<string, number>();
  const add = (name: string, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  if (Array.isArray(body)) {
    for (const entry of body as unknown[]) {
      if (!isRecord(entry)) continue;
      if (typeof entry.name === 'string' && typeof entry.count === 'number') add(entry.name, entry.count);
      else if (typeof entry.outcome === 'string') add(entry.outcome, 1);
    }
  } else if (isRecord(body)) {
    // Why some were refused says more than that they were.
    const why = refusals(answer);
    for (const [name, count] of [...Object.entries(body), ...why]) {
      if (name === 'refused' && why.length > 0) continue;
      if (typeof count === 'number' && count > 0) add(name, count);
    }
  }
  return [...counts].map(([name, count]) => ({ name, count }));
}

/** How many were refused for what, where the report tells: `{ "report": { "refused_for": { "still_violates": 1 } } }`. */
function refusals(answer: unknown): [string, unknown][] {
  const report = isRecord(answer) ? answer.report : undefined;
  return isRecord(report) && isRecord(report.refused_for) ? Object.entries(report.refused_for) : [];
}

/** The sums of two lists of counts. */
export function added(a: readonly Count[], b: readonly Count[]): Count[] {
  const sums = new Map(a.map(({ name, count }) => [name, count]));
  for (const { name, count } of b) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums].map(([name, count]) => ({ name, count }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
