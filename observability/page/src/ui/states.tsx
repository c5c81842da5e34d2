// What stands where an answer is not there: still to come, empty, not to be had.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type NoAnswer, setAccessToken } from '../api/client';
import { retryNow } from '../live/connection';
import { useLink } from '../live/hooks';
import { Glyph, ToneIcon } from './icons';

/** Grey lines in the place of what is being asked for. */
export function Skeleton({ lines = 6, label }: { lines?: number; label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class={`bone bone-${i % 4}`} />
      ))}
    </div>
  );
}

/** Nothing to show, and why that may be so. */
export function Empty({ title, children, good = false }: { title: string; children?: ComponentChildren; good?: boolean }) {
  return (
    <div class="empty">
      <ToneIcon tone={good ? 'completed' : 'quiet'} size={22} />
      <div>
        <p class="empty-title">{title}</p>
        {children !== undefined && <div class="empty-text">{children}</div>}
      </div>
    </div>
  );
}

/** Why an answer did not come, and what can be done. */
export function Trouble({ error, again, what }: { error: NoAnswer; again: () => void; what: string }) {
  if (error.trouble === 'token') return <Unlock />;
  const offline = error.trouble === 'offline';
  return (
    <div class="trouble" role="alert">
      <Glyph name={offline ? 'plug' : 'sight'} size={22} />
      <div>
        <p class="empty-title">{offline ? 'The observer does not answer' : `No answer about ${what}`}</p>
        <p class="empty-text">
          {offline
            ? 'Steps go on without it: it only looks. This page asks again by itself as soon as the observer is back.'
            : error.message}
        </p>
        <button type="button" onClick={again}>
          Ask again
        </button>
      </div>
    </div>
  );
}

/** Above an older answer: why there is no newer one. Where nobody answers at all, the top of the page says so already. */
export function Outdated({ error, again, what }: { error: NoAnswer | null; again: () => void; what: string }) {
  if (error === null || error.trouble === 'offline') return null;
  if (error.trouble === 'unknown') {
    return (
      <div class="trouble" role="alert">
        <Glyph name="sight" size={22} />
        <div>
          <p class="empty-title">The observer knows {what} no more</p>
          <p class="empty-text">
            It is older than what the observer keeps, or the observer was started anew and has not read so far. What you see is its last
            answer.
          </p>
        </div>
      </div>
    );
  }
  return (
    <>
      <Trouble error={error} again={again} what={what} />
      <p class="muted">What you see is the last answer.</p>
    </>
  );
}

/** Rows stand still while somebody reads further; this shows what is new. */
export function Held({ release }: { release: () => void }) {
  return (
    <button type="button" class="held" onClick={release}>
      There is something newer. Rows stand still while you read; show it
    </button>
  );
}

/** How many there are of what `of` asks for, if that is known. It is announced where somebody asked for others, not whenever it grows. */
export function Total({ of, text }: { of: string; text: string | null }) {
  const told = useRef(of);
  const [announced, announce] = useState('');
  useEffect(() => {
    if (text === null || told.current === of) return;
    told.current = of;
    announce(text);
  }, [of, text]);
  return (
    <>
      <p class="total">{text ?? ' '}</p>
      <p class="vh" role="status">
        {announced}
      </p>
    </>
  );
}

/** Whether a token was given already: where it is asked for again, that one was wrong. */
let tried = false;

/** Asks for the token of an observer that wants one. */
export function Unlock() {
  const link = useLink();
  const [token, set] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    tried = true;
    setAccessToken(token.trim());
    retryNow();
  };
  return (
    <form class="trouble unlock" onSubmit={submit}>
      <Glyph name="sight" size={22} />
      <div>
        <p class="empty-title">This observer asks for a token</p>
        <p class="empty-text">Whoever started it knows the token. It is kept in this page’s memory only.</p>
        {tried && (
          <p class="form-error" role="alert">
            That is not the token.
          </p>
        )}
        <label class="field">
          <span>Token</span>
          <input type="password" autoComplete="off" value={token} onInput={(event) => set(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={token.trim() === '' || link.state === 'connecting'}>
          Look
        </button>
      </div>
    </form>
  );
}
