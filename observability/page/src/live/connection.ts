// The one connection that says when something changed, and what is known about it.

import { NoAnswer } from '../api/client';
import type { AsOf, Tick } from '../api/types';
import { backoff } from '../lib/backoff';
import { listen } from './stream';

/** How the page stands to the observer. */
export type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'lost'; since: number; retryAt: number; attempts: number; why: string | null }
  | { state: 'locked' };

/** All that the connection knows at a moment. */
export interface Live {
  link: Link;
  /** Grows with every change; −1 before the first word. */
  generation: number;
  /** How far the observer had read when it last said so. */
  asOf: AsOf | null;
  /** When it said so, by the monotonic clock. */
  heardAt: number;
}

/** An observer further behind than this is said to be late, and says nothing of what it cannot see. */
export const LATE_MS = 15_000;

let live: Live = { link: { state: 'connecting' }, generation: -1, asOf: null, heardAt: 0 };
const listeners = new Set<() => void>();
let wake: (() => void) | null = null;

/** What is known now. */
export function current(): Live {
  return live;
}

/** Calls `listener` after every change, until the answer is called. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Takes note of what any answer says about the observer's sight. */
export function heard(asOf: AsOf): void {
  update({ asOf, heardAt: performance.now() });
}

/** The observer's clock now, as far as is known: relative times are right although two clocks disagree. */
export function observerNow(): number {
  return live.asOf === null ? Date.now() : live.asOf.now + (performance.now() - live.heardAt);
}

/** How old the observer's newest complete look is now, in milliseconds. */
export function behind(): number | null {
  return live.asOf === null ? null : live.asOf.behind_ms + (performance.now() - live.heardAt);
}

/** Tries at once instead of waiting. */
export function retryNow(): void {
  wake?.();
}

/** Keeps the connection up until `signal` fires, and gives it up while nobody looks. */
export async function connect(signal: AbortSignal): Promise<void> {
  let failures = 0;
  let since = 0;
  while (!signal.aborted) {
    await seen(signal);
    const away = leaving(signal);
    try {
      await listen('/api/live', away.signal, () => opened(), tick);
    } catch (error) {
      if (signal.aborted) return;
      if (away.signal.aborted) continue;
      if (live.link.state === 'live' || failures === 0) {
        since = Date.now();
        failures = 0;
      }
      if (error instanceof NoAnswer && error.trouble === 'token') {
        update({ link: { state: 'locked' } });
        await pause(Number.POSITIVE_INFINITY, signal);
      } else {
        const wait = backoff(failures, Math.random());
        failures += 1;
        // What the observer itself said is told; that nobody answered is not worth a word.
        const why = error instanceof NoAnswer && error.trouble === 'broken' ? error.message : null;
        update({ link: { state: 'lost', since, retryAt: Date.now() + wait, attempts: failures, why } });
        await pause(wait, signal);
      }
    } finally {
      away.forget();
    }
  }
}

/** A page that is hidden for this long gives its connection up: a browser has six for a host, over all its tabs. */
const HIDDEN_MS = 10_000;

/** Fires when nobody looks any longer, and when `signal` does. */
function leaving(signal: AbortSignal): { signal: AbortSignal; forget: () => void } {
  const control = new AbortController();
  const leave = () => control.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hidden = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(leave, HIDDEN_MS);
  };
  hidden();
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', hidden);
  signal.addEventListener('abort', leave);
  const forget = () => {
    clearTimeout(timer);
    removeEventListener('pagehide', leave);
    document.removeEventListener('visibilitychange', hidden);
    signal.removeEventListener('abort', leave);
  };
  return { signal: control.signal, forget };
}

/** Whether the page was left; a browser may keep it as it is and show it again. */
let left = false;
addEventListener('pagehide', () => {
  left = true;
});
addEventListener('pageshow', () => {
  left = false;
});

/** Waits until somebody looks. */
function seen(signal: AbortSignal): Promise<void> {
  if (!document.hidden && !left) return Promise.resolve();
  return new Promise((resolve) => {
    const shown = () => {
      if ((document.hidden || left) && !signal.aborted) return;
      document.removeEventListener('visibilitychange', shown);
      removeEventListener('pageshow', shown);
      signal.removeEventListener('abort', shown);
      resolve();
    };
    document.addEventListener('visibilitychange', shown);
    addEventListener('pageshow', shown);
    signal.addEventListener('abort', shown);
  });
}

function opened(): void {
  update({ link: { state: 'live' }, generation: live.generation + 1 });
}

function tick(name: string, data: string): void {
  if (name !== 'tick') return;
  let said: Tick;
  try {
    said = JSON.parse(data) as Tick;
  } catch {
    return;
  }
  if (typeof said?.generation !== 'number' || typeof said.as_of?.now !== 'number') return;
  update({ generation: said.generation, asOf: said.as_of, heardAt: performance.now() });
}

function update(change: Partial<Live>): void {
  live = { ...live, ...change };
  for (const listener of [...listeners]) listener();
}

/** Waits, until somebody asks to try now. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(() => wake?.(), ms) : undefined;
    wake = () => {
      clearTimeout(timer);
      wake = null;
      resolve();
    };
    signal.addEventListener('abort', () => wake?.(), { once: true });
  });
}
