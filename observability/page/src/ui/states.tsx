// What stands where an answer is not there: still to come, empty, not to be had.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
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
