// A dead letter with all that is known of it.

import { useState } from 'preact/hooks';
import { letterHeaders, letterValue } from '../api/client';
import type { ActionKind, DeadLetter, Replay } from '../api/types';
import { useAbilities } from '../live/abilities';
import { instanceHref } from '../lib/route';
import { plural } from '../lib/number';
import { plain } from '../lib/words';
import { exact } from '../lib/time';
import { ActDialog } from './Act';
import { ToneIcon } from './icons';
import { Ago, Id, Step, Wire } from './text';
import { TraceLink } from './TraceLink';
import { Headers, Value } from './Value';

/** Longest text of violations that is shown. */
const LONGEST_VIOLATIONS = 20_000;

export function DeadLetterCard({ letter, done }: { letter: DeadLetter; done: () => void }) {
  const { actions: allowed } = useAbilities();
  const [asking, ask] = useState<ActionKind | null>(null);
  return (
    <article class={`letter ${letter.open ? 'edge-failed' : 'edge-quiet'}`} aria-label={`Dead letter of ${letter.step}`}>
      <header>
        <span class={`state tone-${letter.open ? 'failed' : 'quiet'}`}>
          <ToneIcon tone={letter.open ? 'failed' : 'quiet'} size={14} />
          {letter.open ? 'Open' : 'Settled'}
        </span>
        <strong>{plain(letter.reason)}</strong> at <Step name={letter.step} />
        <span class="muted">
          <Ago at={letter.failed_at} />, {plural(letter.attempts, 'attempt')}
          {letter.replays > 0 && `, replayed ${letter.replays === 1 ? 'once' : `${letter.replays} times`} before`}
        </span>
        {letter.open && allowed && (
          <span class="letter-acts">
            <button type="button" class="primary" onClick={() => ask('replay')}>
              Replay…
            </button>
            <OtherActs ask={ask} />
          </span>
        )}
      </header>
      <LetterBody letter={letter} />
      {asking && <ActDialog kind={asking} letters={[letter]} about={aboutOne(letter)} close={() => ask(null)} done={done} />}
    </article>
  );
}

/** What an action on one dead letter alone is about. */
export function aboutOne(letter: DeadLetter): string {
  return `the dead letter of ${letter.step}`;
}

/** What can be done with one dead letter besides replaying it. */
export function OtherActs({ ask }: { ask: (kind: ActionKind) => void }) {
  return (
    <>
      <button type="button" onClick={() => ask('edit')}>
        Edit…
      </button>
      <button type="button" onClick={() => ask('discard')}>
        Discard…
      </button>
    </>
  );
}

/** Error, violations, where it lies and what was done with it. */
export function LetterBody({ letter, linked = false }: { letter: DeadLetter; linked?: boolean }) {
  const { payloads } = useAbilities();
  return (
    <>
      <p class="letter-error">
        <Wire>{letter.error}</Wire>
      </p>
      <Violations violations={letter.violations} />
      <dl class="details">
        <Detail name="Dead letter">
          <Id value={letter.id} label="the dead letter’s id" />
        </Detail>
        {linked && letter.instance !== null && (
          <Detail name="Instance">
            <a href={instanceHref(letter.instance)}>
              <Wire class="mono">{letter.instance}</Wire>
            </a>
          </Detail>
        )}
        {letter.event !== null && (
          <Detail name="Event">
            <Wire class="mono">{`${letter.event_type ?? 'of no type'}  ${letter.event}`}</Wire>
          </Detail>
        )}
        {letter.key !== null && (
          <Detail name="Key">
            <Wire class="mono">{letter.key}</Wire>
          </Detail>
        )}
        {letter.contract !== null && (
          <Detail name="Contract">
            <Wire class="mono">{letter.contract}</Wire>
          </Detail>
        )}
        <Detail name="Lies at">
          <Wire class="mono">{`${letter.topic} / ${letter.partition} / ${letter.offset}`}</Wire>
        </Detail>
        {letter.origin !== null && (
          <Detail name="First delivered at">
            <Wire class="mono">{letter.origin.split('/').join(' / ')}</Wire>
          </Detail>
        )}
        {letter.trace !== null && (
          <Detail name="Trace">
            <Wire class="mono">{letter.trace}</Wire> <TraceLink url={letter.trace_url} />
          </Detail>
        )}
        <Detail name="Headers">
          <Headers look={(signal) => letterHeaders(letter.id, signal)} />
        </Detail>
        {payloads && (
          <Detail name="Value">
            <Value look={(signal) => letterValue(letter.id, signal)} />
          </Detail>
        )}
      </dl>
      {letter.actions.length > 0 && (
        <ol class="acts" aria-label="What operators did">
          {letter.actions.map((act) => (
            <Act key={`${act.id} ${act.action}`} act={act} />
          ))}
        </ol>
      )}
    </>
  );
}

function Act({ act }: { act: Replay }) {
  return (
    <li>
      <strong>{plain(act.action)}</strong> by <Wire>{act.by}</Wire> <Ago at={act.at} />
      <span class="muted" title={exact(act.at)}>
        {' '}
        <Wire class="mono">{act.id}</Wire>
      </span>
    </li>
  );
}

function Violations({ violations }: { violations: unknown }) {
  if (violations === null || violations === undefined) return null;
  const list = listed(violations);
  if (list === null) {
    return <pre class="violations">{JSON.stringify(violations, null, 2).slice(0, LONGEST_VIOLATIONS)}</pre>;
  }
  return list.length === 0 ? null : <ViolationList list={list} />;
}

/** Violations shown at first, and with each step that the reader goes on. */
const VIOLATIONS_AT_ONCE = 50;

function ViolationList({ list }: { list: Violation[] }) {
  const [shown, show] = useState(VIOLATIONS_AT_ONCE);
  const left = list.length - shown;
  return (
    <>
      <ul class="violations" aria-label="What violates the contract">
        {list.slice(0, shown).map(({ place, rule }, i) => (
          <li key={i}>
            <Wire class="mono strong">{place === '' ? '(the whole value)' : place}</Wire> breaks <Wire class="mono">{rule}</Wire>
          </li>
        ))}
      </ul>
      {left > 0 && (
        <p class="muted">
          {shown} of {list.length} violations.{' '}
          <button type="button" onClick={() => show(shown + VIOLATIONS_AT_ONCE)}>
            Show {Math.min(left, VIOLATIONS_AT_ONCE)} more
          </button>
        </p>
      )}
    </>
  );
}

interface Violation {
  place: string;
  rule: string;
}

/** The violations as places and rules, where they have the form that steps write; else nothing. */
function listed(violations: unknown): Violation[] | null {
  if (!Array.isArray(violations)) return null;
  const list: Violation[] = [];
  for (const violation of violations as unknown[]) {
    if (typeof violation !== 'object' || violation === null) return null;
    const { instance_path: place, schema_path: rule, keyword } = violation as Record<string, unknown>;
    if (typeof place !== 'string' || typeof keyword !== 'string') return null;
    list.push({ place, rule: typeof rule === 'string' ? `${keyword} (${rule})` : keyword });
  }
  return list;
}

function Detail({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
