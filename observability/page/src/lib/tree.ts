// The causal tree of an instance, flattened to rows.

/** An event as far as the tree is concerned. */
export interface Caused {
  id: string;
  causation: string | null;
  at: number;
}

/** Levels of which a row knows whether a line goes on: nothing is indented further. */
export const MOST_RAILS = 12;

/** One row of the tree. */
export interface Row<E> {
  event: E;
  /** How deep it is in the tree that is shown. */
  depth: number;
  /** For each of the nearest levels above, the outermost first: whether another branch follows below there, so that a line goes on. */
  rails: boolean[];
  /** Whether it caused another one. */
  cause: boolean;
  /** Whether it is the last of its cause. */
  last: boolean;
  /** Whether it names a cause that is not among the events. */
  orphan: boolean;
}

/**
 * Causes before effects, siblings by time. Events whose cause is not known are roots; of a circle, which only hostile
 * headers make, the earliest is a root too, so that each event is in one row exactly.
 */
export function causalRows<E extends Caused>(events: readonly E[]): Row<E>[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  const children = new Map<string, E[]>();
  const roots: E[] = [];
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    const cause = event.causation;
    if (cause !== null && cause !== event.id && byId.has(cause)) {
      const siblings = children.get(cause);
      if (siblings) siblings.push(event);
      else children.set(cause, [event]);
    } else {
      roots.push(event);
    }
  }
  const rows: Row<E>[] = [];
  const seen = new Set<E>();
  const walk = (start: E[]) => {
    const stack = start.map((event, i) => ({ event, depth: 0, rails: [] as boolean[], last: i === start.length - 1 })).reverse();
    for (let next = stack.pop(); next; next = stack.pop()) {
      if (seen.has(next.event)) continue;
      seen.add(next.event);
      const { event, depth, rails, last } = next;
      const orphan = event.causation !== null && !byId.has(event.causation);
      const below = children.get(event.id) ?? [];
      rows.push({ event, depth, rails, cause: below.length > 0, last, orphan });
      const railsBelow = depth === 0 ? [false] : [...rails, !last];
      if (railsBelow.length > MOST_RAILS) railsBelow.shift();
      for (let i = below.length - 1; i >= 0; i -= 1) {
        const child = below[i];
        if (child) stack.push({ event: child, depth: depth + 1, rails: railsBelow, last: i === below.length - 1 });
      }
    }
  };
  walk(roots);
  for (const event of events) if (!seen.has(event)) walk([event]);
  return rows;
}
