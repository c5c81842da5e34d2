// Acting on dead letters: replaying, editing or giving them up; first what it would do, then doing it, with its progress.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { act, letterValue, NoAnswer, setAccessToken } from '../api/client';
import type { ActionKind, Count, LetterPlace } from '../api/types';
import { noJson } from '../lib/json';
import { useAbilities } from '../live/abilities';
import { count, plural } from '../lib/number';
import { added } from '../lib/outcomes';
import { plain } from '../lib/words';

/** Dead letters of one request: small, so that the progress is seen and a stop takes effect soon. */
const BATCH = 50;

/** Who acts, remembered while the page is open. */
let actor = '';

/** How each is spoken of. */
const WORDS: Record<ActionKind, { verb: string; doing: string; done: string; about: string }> = {
  replay: {
    verb: 'Replay',
    doing: 'Replaying',
    done: 'What was replayed stays replayed.',
    about: 'Each goes back to the step that set it aside, and to no other, as the same event under the same id. It is checked against the present contract first, and your name is kept in the audit topic.',
  },
  edit: {
    verb: 'Edit',
    doing: 'Sending',
    done: 'What was sent stays sent.',
    about: 'It goes back to the step that set it aside, and to no other, as the same event under the same id with another value. The new value is checked against the present contract first; the old one stays where it is, and your name is kept in the audit topic.',
  },
  discard: {
    verb: 'Discard',
    doing: 'Discarding',
    done: 'What was discarded stays discarded.',
    about: 'It is given up: no step sees it again, and the record stays where it is. Your name and your reason are kept in the audit topic.',
  },
};

/** What is told of the request that was being answered when somebody stopped. */
const UNDER_WAY = ' The batch under way may still be carried out.';

/** The longest reason of a discard. */
const LONGEST_REASON = 1_000;

type Phase =
  | { is: 'asking' }
  | { is: 'running'; dry: boolean; sent: number }
  | { is: 'tried' }
  | { is: 'done'; sent: number; stopped: boolean; underWay: boolean };

interface Props {
  kind: ActionKind;
  /** One alone, for an edit. */
  letters: readonly LetterPlace[];
  about: string;
  close: () => void;
  done: () => void;
}

export function ActDialog({ kind, letters, about, close, done }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const stop = useRef<AbortController | null>(null);
  const title = useId();
  const [who, setWho] = useState(actor);
  const [because, setBecause] = useState('');
  const [value, setValue] = useState('');
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
        const reason = kind === 'discard' ? { because: because.trim() } : {};
        sums = added(sums, await act(kind, { letters: batch, actor, dry_run: dry, ...reason }, kind === 'edit' ? value : null, control.signal));
        sent += batch.length;
        setResults(sums);
      }
      setPhase(dry ? { is: 'tried' } : { is: 'done', sent, stopped: false, underWay: false });
    } catch (caught) {
      if (caught instanceof NoAnswer && caught.trouble === 'token') setToken((before) => before ?? '');
      if (!control.signal.aborted) setError(caught instanceof Error ? caught.message : String(caught));
      setPhase(dry || (sent === 0 && !control.signal.aborted) ? { is: 'asking' } : { is: 'done', sent, stopped: true, underWay: control.signal.aborted });
    }
    if (!dry) done();
  };

  const running = phase.is === 'running';
  const words = WORDS[kind];
  const wrong = kind === 'edit' ? noJson(value) : null;
  const ready = who.trim() !== '' && (kind !== 'edit' || (value.trim() !== '' && wrong === null)) && (kind !== 'discard' || because.trim() !== '');
  return (
    <dialog
      ref={dialog}
      class={kind}
      aria-labelledby={title}
      onCancel={(event) => {
        if (running) event.preventDefault();
      }}
      onClose={close}
    >
      <h2 id={title}>
        {words.verb} {letters.length === 1 ? about : plural(letters.length, 'dead letter')}
      </h2>
      <p class="muted">{words.about}</p>
      <form method="dialog" onSubmit={(event) => event.preventDefault()}>
        {kind === 'edit' && letters[0] && <NewValue letter={letters[0].id} value={value} set={setValue} wrong={wrong} disabled={running} />}
        {kind === 'discard' && (
          <label class="field">
            <span>Why it is given up</span>
            <input type="text" value={because} maxLength={LONGEST_REASON} autoComplete="off" disabled={running} onInput={(event) => setBecause(event.currentTarget.value)} />
          </label>
        )}
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
        {(phase.is !== 'asking' || results.length > 0) && <Progress kind={kind} phase={phase} of={letters.length} results={results} />}
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
              <button type="button" disabled={!ready} onClick={() => void run(true)}>
                Dry run
              </button>
              <button type="button" class="primary" disabled={!ready} onClick={() => void run(false)}>
                {kind === 'edit' ? 'Send' : words.verb} {letters.length > 1 ? count(letters.length) : ''}
              </button>
            </>
          )}
        </div>
      </form>
    </dialog>
  );
}

interface NewValueProps {
  letter: string;
  value: string;
  set: (value: string) => void;
  wrong: string | null;
  disabled: boolean;
}

/** The value to send, begun with the present one where values may be shown. */
function NewValue({ letter, value, set, wrong, disabled }: NewValueProps) {
  const { payloads } = useAbilities();
  const [note, setNote] = useState<string | null>(null);
  const touched = useRef(false);
  useEffect(() => {
    if (!payloads) return;
    const control = new AbortController();
    letterValue(letter, control.signal)
      .then((text) => {
        if (!touched.current) set(text);
      })
      .catch((caught: unknown) => {
        if (!control.signal.aborted) setNote(caught instanceof Error ? caught.message : String(caught));
      });
    return () => control.abort();
  }, [payloads, letter]);
  return (
    <label class="field">
      <span>{payloads ? 'Value, as JSON' : 'Value, as JSON. This observer does not show values: write the whole new one'}</span>
      <textarea
        class="mono"
        rows={8}
        value={value}
        spellcheck={false}
        autoComplete="off"
        disabled={disabled}
        onInput={(event) => {
          touched.current = true;
          set(event.currentTarget.value);
        }}
      />
      {note !== null && <span class="form-error">{note}</span>}
      {value.trim() !== '' && wrong !== null && <span class="form-error">{wrong}</span>}
    </label>
  );
}

function Progress({ kind, phase, of, results }: { kind: ActionKind; phase: Phase; of: number; results: Count[] }) {
  const words = WORDS[kind];
  const sent = phase.is === 'running' || phase.is === 'done' ? phase.sent : of;
  return (
    <div class="progress" role="status">
      <p>
        {phase.is === 'running' && `${phase.dry ? 'Trying' : words.doing}: ${count(sent)} of ${count(of)}`}
        {phase.is === 'tried' && 'Nothing was changed. It would come to this:'}
        {phase.is === 'done' && (phase.stopped ? `Stopped after ${count(sent)} of ${count(of)}. ${words.done}${phase.underWay ? UNDER_WAY : ''}` : 'Done.')}
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
