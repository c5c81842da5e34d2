// A long list of which only the visible rows are drawn. It scrolls with the page, by wheel, finger and keys.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { visibleRows } from '../lib/window';

/** Rows that are asked for ahead of the reader. */
const AHEAD = 60;

interface Props<T> {
  items: readonly T[];
  /** How many there are on all pages. */
  total: number;
  rowHeight: number;
  label: string;
  keyOf: (item: T) => string;
  /** Draws a row; its link takes `tabIndex`, so that the list is one stop for the Tab key. */
  render: (item: T, tabIndex: 0 | -1) => ComponentChildren;
  /** Asks for the next page; called often, must be cheap where one is on its way. */
  more: () => void;
}

/**
 * A list whose rows each hold one link, the row’s focus; arrow keys go from row to row. A row with the focus keeps it wherever the
 * list moves it, and gives it to the one in its place when it leaves the list.
 */
export function VirtualList<T>({ items, total, rowHeight, label, keyOf, render, more }: Props<T>) {
  const list = useRef<HTMLOListElement>(null);
  const [view, setView] = useState({ from: 0, to: 30 });
  const active = useRef(0);
  // Whose row that is: rows that come above it move it.
  const activeKey = useRef<string | null>(null);
  const focusWanted = useRef(false);

  const makeActive = (index: number) => {
    const item = items[index];
    active.current = index;
    activeKey.current = item === undefined ? null : keyOf(item);
  };
  const at = items[active.current];
  if (activeKey.current !== null && (at === undefined || keyOf(at) !== activeKey.current)) {
    const moved = items.findIndex((item) => keyOf(item) === activeKey.current);
    active.current = moved >= 0 ? moved : Math.max(0, Math.min(active.current, items.length - 1));
  }
  // A browser takes the focus from an element that is moved or removed.
  const focused = list.current?.contains(document.activeElement) ?? false;

  useEffect(() => {
    const measure = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = visibleRows(items.length, rowHeight, -top, innerHeight);
      setView((before) => (before.from === next.from && before.to === next.to ? before : next));
      if (next.to + AHEAD > items.length && items.length < total) more();
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [items, total, rowHeight, more]);

  useLayoutEffect(() => {
    const taken = focused && !list.current?.contains(document.activeElement);
    if (!focusWanted.current && !taken) return;
    focusWanted.current = false;
    list.current?.querySelector<HTMLElement>(`[data-row="${active.current}"] a`)?.focus({ preventScroll: true });
  });

  const moveTo = (index: number) => {
    makeActive(Math.max(0, Math.min(items.length - 1, index)));
    focusWanted.current = true;
    const top = (list.current?.getBoundingClientRect().top ?? 0) + active.current * rowHeight;
    const header = 64;
    if (top < header) scrollBy(0, top - header);
    else if (top + rowHeight > innerHeight) scrollBy(0, top + rowHeight - innerHeight + 8);
    setView((before) => ({ ...before }));
  };

  const keys = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(innerHeight / rowHeight) - 2);
    const to: Record<string, number> = {
      ArrowDown: active.current + 1,
      ArrowUp: active.current - 1,
      PageDown: active.current + page,
      PageUp: active.current - page,
      Home: 0,
      End: items.length - 1,
    };
    const index = to[event.key];
    if (index === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moveTo(index);
  };

  const to = Math.min(view.to, items.length);
  const from = Math.min(view.from, to);
  const first = focused || (active.current >= from && active.current < to) ? active.current : from;
  const drawn = Array.from({ length: to - from }, (_, i) => from + i);
  // What has the focus is drawn wherever it is.
  if (focused && active.current < from) drawn.unshift(active.current);
  if (focused && active.current >= to) drawn.push(active.current);
  return (
    <ol
      ref={list}
      class="rows"
      aria-label={label}
      style={{ height: `${items.length * rowHeight}px` }}
      onKeyDown={keys}
      onFocusIn={(event) => {
        const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
        if (row instanceof HTMLElement) makeActive(Number(row.dataset.row));
      }}
    >
      {drawn.map((index) => {
        const item = items[index];
        if (item === undefined) return null;
        return (
          <li
            key={keyOf(item)}
            data-row={index}
            class="row-place"
            aria-setsize={total}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
          >
            {render(item, index === first ? 0 : -1)}
          </li>
        );
      })}
    </ol>
  );
}
