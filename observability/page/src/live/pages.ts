// A list that comes page by page.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, NoAnswer } from '../api/client';
import type { AsOf } from '../api/types';
import { type Answer, useAnswer } from './hooks';

/** Rows of one page. */
export const PAGE_ROWS = 200;

/** Rows that are kept at most; whoever wants more narrows the filter. */
export const MOST_ROWS = 100_000;

/** What every listing answers. */
export interface Listing<T> {
  as_of: AsOf;
  items: T[];
  total: number;
  next: string | null;
}

/** A listing as far as it was read. */
export interface Pages<A, T> {
  /** The newest answer for the first page: counts come from here. */
  first: Answer<A>;
  items: T[];
  total: number;
  /** Asks for the next page, if there is one and none is on its way. */
  more: () => void;
  /** Why the next page did not come, until it is asked for again. */
  trouble: NoAnswer | null;
  /** Whether rows stand still because the reader went beyond the first page, while there is something newer. */
  held: boolean;
  /** Shows what is new. */
  release: () => void;
}

interface Read<T> {
  path: string;
  base: unknown;
  items: T[];
  next: string | null;
}

/**
 * Reads a listing by its cursor. The first page follows every change; once a second one was read, all rows stand still
 * until they are released, because rows that move under a reader’s hand are worse than rows that are a little old.
 */
export function usePages<T, A extends Listing<T>>(path: string, keyOf: (item: T) => string): Pages<A, T> {
  const separator = path.includes('?') ? '&' : '?';
  const first = useAnswer<A>(`${path}${separator}limit=${PAGE_ROWS}`, true);
  const [read, setRead] = useState<Read<T> | null>(null);
  const [trouble, setTrouble] = useState<NoAnswer | null>(null);
  const busy = useRef<AbortController | null>(null);
  const held = read !== null && read.path === path ? read : null;

  useEffect(() => {
    setRead(null);
    setTrouble(null);
    return () => {
      busy.current?.abort();
      busy.current = null;
    };
  }, [path]);

  const base = first.data;
  const more = useCallback(() => {
    if (busy.current !== null || first.stale || base === null) return;
    const so = held ?? { path, base, items: base.items, next: base.next };
    if (so.next === null || so.items.length >= MOST_ROWS) return;
    const stop = new AbortController();
    busy.current = stop;
    setTrouble(null);
    ask<A>(`${path}${separator}limit=${PAGE_ROWS}&cursor=${encodeURIComponent(so.next)}`, stop.signal).then(
      (page) => {
        busy.current = null;
        const known = new Set(so.items.map(keyOf));
        const fresh = page.items.filter((item) => !known.has(keyOf(item)));
        setRead({ ...so, items: [...so.items, ...fresh], next: page.next });
      },
      (error: unknown) => {
        if (busy.current !== stop) return;
        busy.current = null;
        if (error instanceof NoAnswer) setTrouble(error);
      },
    );
  }, [path, base, held, first.stale]);

  return {
    first,
    items: held?.items ?? base?.items ?? [],
    total: base?.total ?? 0,
    more,
    trouble,
    held: held !== null && held.base !== base,
    release: () => {
      busy.current?.abort();
      busy.current = null;
      setRead(null);
      scrollTo(0, 0);
    },
  };
}
