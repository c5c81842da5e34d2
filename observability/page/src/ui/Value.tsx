// A value, asked for when somebody wants to see it.

import { useState } from 'preact/hooks';

/** Longest part of a value that is shown. */
const LONGEST_VALUE = 100_000;

/** How long reading a value may take. */
const PATIENCE_MS = 15_000;

/** What `look` answers, as text, whatever it holds. */
export function Value({ look }: { look: (signal: AbortSignal) => Promise<string> }) {
  const [shown, show] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const asked = async () => {
    try {
      const text = await look(AbortSignal.timeout(PATIENCE_MS));
      show(text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)} …` : text);
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
    }
  };
  if (shown !== null) return <pre class="value">{shown === '' ? '(empty)' : shown}</pre>;
  return (
    <>
      <button type="button" onClick={() => void asked()}>
        Show
      </button>
      {error !== null && <span class="form-error"> {error}</span>}
    </>
  );
}
