// Replaying dead letters: first what it would do, then doing it, with its progress.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { NoAnswer, replay, setAccessToken } from '../api/client';
import type { Count, LetterPlace } from '../api/types';
import { count, plural } from '../lib/number';
import { added } from '../lib/outcomes';
import { plain } from '../lib/words';

/** Dead letters of one request: small, so that the progress is seen and a stop takes effect soon. */
const BATCH = 50;

/** Who acts, remembered while the page is open. */
let actor = '';

type Phase =
  | { is: 'asking' }
  | { is: 'running'; dry: boolean; sent: number }
  | { is: 'tried' }
  | { is: 'done'; sent: number; stopped: boolean };

interface Props {
  letters: readonly LetterPlace[];
  about: string;
  close: () => void;
  done: () => void;
}

export function ReplayDialog({ letters, about, close, done }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const stop = useRef<AbortController | null>(null);
  const title = useId();
  const [who, setWho] = useState(actor);
  const [token, setToken] = useState<string | null>(null);
  const [phase, setPhase] = useState<Phase>({ is: 'asking' });
  const [results, setResults] = useState<Count[]>([]);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    dialog.current?.showModal();
    return () => stop.current?.abort();
  }, []);

  const run = async (dry: boolean) => {
    actor = who.trim();
    if (token) setAccessToken(token.trim());
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setResults([]);
    let sent = 0;
    let sums: Count[] = [];
    try {
      while (sent < letters.length) {
        setPhase({ is: 'running', dry, sent });
        const batch = letters.slice(sent, sent + BATCH).map(({ id, topic, partition, offset }) => ({ id, topic, partition, offset }));
        sums = added(sums, await replay({ letters: batch, actor, dry_run: dry }, control.signal));
        sent += batch.length;
        setResults(sums);
      }
      setPhase(dry ? { is: 'tried' } : { is: 'done', sent, stopped: false });
    } catch (caught) {
      if (caught instanceof NoAnswer && caught.trouble === 'token') setToken((before) => before ?? '');
      if (!control.signal.aborted) setError(caught instanceof Error ? caught.message : String(caught));
      setPhase(dry || (sent === 0 && !control.signal.aborted) ? { is: 'asking' } : { is: 'done', sent, stopped: true });
    }
    if (!dry) done();
  };

  const running = phase.is === 'running';
  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onCancel={(event) => {
        if (running) event.preventDefault();
      }}
      onClose={close}
    >
      <h2 id={title}>Replay {letters.length === 1 ? about : plural(letters.length, 'dead letter')}</h2>
      <p class="muted">
        Each goes back to the step that set it aside, and to no other, as the same event under the same id. It is checked against the
        present contract first, and your name is kept in the audit topic.
      </p>
      <form method="dialog" onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>Your name</span>
          <input type="text" value={who} maxLength={120} autoComplete="username" disabled={running} onInput={(event) => setWho(event.currentTarget.value)} />
        </label>
        {token !== null && (
          <label class="field">
            <span>Token, kept in this page’s memory only</span>
            <input type="password" value={token} autoComplete="off" disabled={running} onInput={(event) => setToken(event.currentTarget.value)} />
          </label>
        )}
        {(phase.is !== 'asking' || results.length > 0) && <Progress phase={phase} of={letters.length} results={results} />}
        {error !== null && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <div class="buttons">
          {running ? (
            <button type="button" onClick={() => stop.current?.abort()}>
              Stop
            </button>
          ) : phase.is === 'done' ? (
            <button type="button" class="primary" onClick={() => dialog.current?.close()}>
              Close
            </button>
          ) : (
            <>
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button type="button" disabled={who.trim() === ''} onClick={() => void run(true)}>
                Dry run
              </button>
              <button type="button" class="primary" disabled={who.trim() === ''} onClick={() => void run(false)}>
                Replay {letters.length > 1 ? count(letters.length) : ''}
              </button>
            </>
          )}
        </div>
      </form>
    </dialog>
  );
}

function Progress({ phase, of, results }: { phase: Phase; of: number; results: Count[] }) {
  const sent = phase.is === 'running' || phase.is === 'done' ? phase.sent : of;
  return (
    <div class="progress" role="status">
      <p>
        {phase.is === 'running' && `${phase.dry ? 'Trying' : 'Replaying'}: ${count(sent)} of ${count(of)}`}
        {phase.is === 'tried' && 'Nothing was changed. A replay would come to this:'}
        {phase.is === 'done' && (phase.stopped ? `Stopped after ${count(sent)} of ${count(of)}. What was replayed stays replayed.` : 'Done.')}
      </p>
      {phase.is === 'running' && <progress max={of} value={sent} aria-label="Progress" />}
      {results.length > 0 && (
        <ul class="results">
          {results.map(({ name, count: n }) => (
            <li key={name}>
              <span class="num strong">{count(n)}</span> {plain(name).toLowerCase()}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
