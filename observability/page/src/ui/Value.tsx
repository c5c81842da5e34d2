// What of a record is read only when somebody wants to see it: its value, its headers.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { RawHeader } from '../api/types';
import { plural } from '../lib/number';
import { Wire } from './text';

/** Longest part of a value that is shown. */
const LONGEST_VALUE = 100_000;

/** How long reading a record may take. */
const PATIENCE_MS = 15_000;

type Look<T> = (signal: AbortSignal) => Promise<T>;

/** A button, and in its place what `look` answered. */
function OnDemand<T>({ look, children }: { look: Look<T>; children: (found: T) => ComponentChildren }) {
  const [shown, show] = useState<{ found: T } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [reading, setReading] = useState(false);
  const asked = async () => {
    if (reading) return;
    setReading(true);
    setError(null);
    try {
      show({ found: await look(AbortSignal.timeout(PATIENCE_MS)) });
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
    }
    setReading(false);
  };
  if (shown !== null) return <>{children(shown.found)}</>;
  return (
    <>
      <button type="button" aria-disabled={reading} onClick={() => void asked()}>
        {reading ? 'Reading…' : 'Show'}
      </button>
      {error !== null && <span class="form-error"> {error}</span>}
    </>
  );
}

/** What `look` answers, as text, whatever it holds. */
export function Value({ look }: { look: Look<string> }) {
  return (
    <OnDemand look={look}>
      {(text) => <pre class="value">{text === '' ? '(empty)' : text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)} …` : text}</pre>}
    </OnDemand>
  );
}

/** The headers that `look` answers, in their order. */
export function Headers({ look }: { look: Look<RawHeader[]> }) {
  return <OnDemand look={look}>{(headers) => <HeaderList headers={headers} />}</OnDemand>;
}

function HeaderList({ headers }: { headers: RawHeader[] }) {
  if (headers.length === 0) return <span class="muted">none</span>;
  return (
    <ul class="headers">
      {headers.map(({ name, value, bytes }, i) => (
        <li key={i}>
          <Wire class="mono strong">{name}</Wire>{' '}
          {value !== null ? (
            <Wire class="mono">{value}</Wire>
          ) : (
            <span class="muted">{bytes === null ? 'no value' : `${plural(bytes, 'byte')}, not shown`}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
