// What components ask: the connection, the time, and answers that stay fresh.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, NoAnswer } from '../api/client';
import type { AsOf } from '../api/types';
import { current, heard, type Link, observerNow, subscribe } from './connection';

/** The shortest time between two looks at the same thing. */
const SHORTEST_GAP_MS = 1000;

/** How many of the last answers are kept, so that going back shows something at once. */
const KEPT_ANSWERS = 24;

const kept = new Map<string, unknown>();

/** A part of what the connection knows; the component is drawn again only when this part changed. */
export function useLive<T>(select: () => T): T {
  const [value, set] = useState(select);
  useEffect(() => {
    set(() => select());
    return subscribe(() => set(() => select()));
  }, []);
  return value;
}

/** How the page stands to the observer. */
export function useLink(): Link {
  return useLive(() => current().link);
}

/** A clock for each pace, so that all rows of a list are drawn again in one go and not one by one. */
const clocks = new Map<number, { timer: ReturnType<typeof setInterval>; listeners: Set<(now: number) => void> }>();

/** The observer's clock, drawn again every `every` milliseconds. */
export function useNow(every = 1000): number {
  const [now, set] = useState(observerNow);
  useEffect(() => {
    const listeners = clocks.get(every)?.listeners ?? new Set();
    const tell = () => {
      const told = observerNow();
      for (const listener of listeners) listener(told);
    };
    if (listeners.size === 0) clocks.set(every, { timer: setInterval(tell, every), listeners });
    listeners.add(set);
    return () => {
      listeners.delete(set);
      if (listeners.size > 0) return;
      clearInterval(clocks.get(every)?.timer);
      clocks.delete(every);
    };
  }, [every]);
  return now;
}

/** An answer of the observer, and how things stand with it. */
export interface Answer<T> {
  /** The newest answer; with `keep`, that to the previous question until the new one is answered. */
  data: T | null;
  /** Whether `data` answers an earlier question. */
  stale: boolean;
  /** Why the last look brought nothing. */
  error: NoAnswer | null;
  /** Asks again now. */
  again: () => void;
}

/** Asks for `path` and asks again whenever the observer has something new; `null` asks nothing. */
export function useAnswer<T extends { as_of: AsOf }>(path: string | null, keep = false): Answer<T> {
  const [state, set] = useState<{ path: string | null; data: T | null; error: NoAnswer | null }>(() => ({
    path,
    data: path === null ? null : ((kept.get(path) as T | undefined) ?? null),
    error: null,
  }));
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    if (path === null) return;
    const known = kept.get(path) as T | undefined;
    if (known !== undefined) set({ path, data: known, error: null });
    const stop = new AbortController();
    let busy = false;
    let wanted = false;
    let finished = Number.NEGATIVE_INFINITY;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const look = async () => {
      timer = undefined;
      busy = true;
      wanted = false;
      try {
        const data = await ask<T>(path, stop.signal);
        keepAnswer(path, data);
        heard(data.as_of);
        set({ path, data, error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        const trouble = error instanceof NoAnswer ? error : new NoAnswer('broken', String(error));
        set((before) => ({ path, data: before.path === path || keep ? before.data : null, error: trouble }));
      }
      busy = false;
      finished = performance.now();
      if (wanted) soon();
    };
    // A look that is under way is let finish, for with a change every second an aborted one would never come to an end.
    const soon = () => {
      wanted = true;
      if (busy || timer !== undefined || document.hidden) return;
      timer = setTimeout(look, Math.max(0, SHORTEST_GAP_MS - (performance.now() - finished)));
    };
    again.current = () => {
      clearTimeout(timer);
      if (!busy) void look();
    };

    let generation = current().generation;
    const unsubscribe = subscribe(() => {
      if (current().generation === generation) return;
      generation = current().generation;
      soon();
    });
    const shown = () => {
      if (!document.hidden && wanted) soon();
    };
    document.addEventListener('visibilitychange', shown);
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
      unsubscribe();
      document.removeEventListener('visibilitychange', shown);
    };
  }, [path, keep]);

  const fits = state.path === path;
  return {
    data: fits || keep ? state.data : path === null ? null : ((kept.get(path) as T | undefined) ?? null),
    stale: !fits,
    error: fits ? state.error : null,
    again: () => again.current(),
  };
}

function keepAnswer(path: string, data: unknown): void {
  kept.delete(path);
  kept.set(path, data);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_ANSWERS) break;
    kept.delete(oldest);
  }
}
