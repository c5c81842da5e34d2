// What failed: grouped by step and error, then one by one; replayed one at a time or all that fit, edited and discarded one
// at a time.

import { useState } from 'preact/hooks';
import { ask as look } from '../api/client';
import type { ActionKind, DeadLetter, FailureGroup, Failures as Answered, LetterPlace } from '../api/types';
import { FAILURE_FILTERS, type FailureFilter, failuresHref, type Filters, readFilters, without, writeFilters } from '../lib/filters';
import { count, plural } from '../lib/number';
import { plainest } from '../lib/error';
import { plain } from '../lib/words';
import { useAbilities } from '../live/abilities';
import { usePages } from '../live/pages';
import { ToneIcon } from '../ui/icons';
import { ActDialog } from '../ui/Act';
import { aboutOne, LetterBody, OtherActs } from '../ui/DeadLetter';
import { Empty, Held, Skeleton, Total, Trouble } from '../ui/states';
import { Ago, Section, Step, Wire } from '../ui/text';

/** Dead letters of one replay at most: more are replayed by the command, which goes on after it was killed. */
const MOST_REPLAYED = 10_000;

/** Dead letters of one page while they are gathered for a replay. */
const GATHERED_AT_ONCE = 500;

/** Groups that are shown at once. */
const MOST_GROUPS = 100;

/** What is about to be done. */
interface Asked {
  kind: ActionKind;
  letters: LetterPlace[];
  about: string;
}

export function Failures({ query: place }: { query: URLSearchParams }) {
  const filters = readFilters(FAILURE_FILTERS, place);
  const query = writeFilters(FAILURE_FILTERS, filters);
  const path = `/api/failures${query}${query === '' ? '?' : '&'}open=true`;
  const pages = usePages<DeadLetter, Answered>(path, (letter) => letter.id);
  const { data, error, again, stale } = pages.first;
  const filtered = Object.keys(filters).length > 0;
  // Asked for up here: what was acted on leaves the list, and its dialog must not go with it.
  const [asked, ask] = useState<Asked | null>(null);
  const done = () => {
    pages.release();
    again();
  };
  return (
    <>
      {asked && <ActDialog kind={asked.kind} letters={asked.letters} about={asked.about} close={() => ask(null)} done={done} />}
      <div class="title-line">
        <h1>Failures</h1>
        <Total of={path} text={data && !stale ? plural(data.total, 'open dead letter') : null} />
      </div>
      <Chosen filters={filters} />
      {error && (!data || error.trouble !== 'offline') ? (
        <Trouble error={error} again={again} what="failures" />
      ) : !data ? (
        <Skeleton lines={8} label="failures" />
      ) : data.total === 0 && data.items.length === 0 ? (
        filtered ? (
          <Empty title="No dead letter fits">
            <p>
              Take a filter away, or <a href="/failures">show all</a>.
            </p>
          </Empty>
        ) : (
          <Empty good title="No dead letters">
            <p>Nothing is set aside. What was replayed or discarded stands at its instance.</p>
          </Empty>
        )
      ) : (
        <div class={stale ? 'stale' : ''} aria-busy={stale}>
          <Section id="groups" title="By step and error" note={data.groups.length > MOST_GROUPS && `the largest ${MOST_GROUPS} of ${data.groups.length}`}>
            <Groups groups={data.groups.slice(0, MOST_GROUPS)} filters={filters} />
          </Section>
          <Section id="letters" title="One by one" note={<ReplayAll path={path} total={data.total} ask={ask} />}>
            {pages.held && <Held release={pages.release} />}
            <ol class="letter-rows">
              {pages.items.map((letter) => (
                <LetterRow key={letter.id} letter={letter} ask={ask} />
              ))}
            </ol>
            {pages.trouble ? (
              <Trouble error={pages.trouble} again={pages.more} what="further dead letters" />
            ) : pages.items.length < pages.total ? (
              <button type="button" onClick={pages.more}>
                Show more ({count(pages.items.length)} of {count(pages.total)})
              </button>
            ) : null}
          </Section>
        </div>
      )}
    </>
  );
}

function Chosen({ filters }: { filters: Filters<FailureFilter> }) {
  const chosen = FAILURE_FILTERS.filter((name) => filters[name] !== undefined);
  if (chosen.length === 0) return null;
  return (
    <ul class="chosen" aria-label="Filters that are set">
      {chosen.map((name) => (
        <li key={name}>
          <a href={failuresHref(without(filters, name))} aria-label={`Take away: ${name} ${filters[name]}`}>
            {plain(name)} <Wire class="strong">{name === 'reason' ? plain(filters[name] ?? '') : (filters[name] ?? '')}</Wire> <span aria-hidden="true">×</span>
          </a>
        </li>
      ))}
      {chosen.length > 1 && (
        <li>
          <a class="clear" href="/failures">
            Clear all
          </a>
        </li>
      )}
    </ul>
  );
}

function Groups({ groups, filters }: { groups: FailureGroup[]; filters: Filters<FailureFilter> }) {
  const same = (group: FailureGroup) => filters.step === group.step && filters.reason === group.reason && filters.error === plainest(group.error);
  return (
    <ol class="groups">
      {groups.map((group) => (
        <li key={`${group.step} ${group.reason} ${group.error}`} class="edge-failed">
          <a
            href={failuresHref(same(group) ? {} : { step: group.step, reason: group.reason, error: plainest(group.error) })}
            aria-current={same(group) ? 'true' : undefined}
          >
            <span class="group-count num">{count(group.open)}</span>
            <span class="group-what">
              <span>
                <Step name={group.step} /> <span class="muted">·</span> <strong>{plain(group.reason)}</strong>
              </span>
              <Wire class="error">{group.error}</Wire>
            </span>
            <span class="group-when num">
              <Ago at={group.newest} />
              <span class="under">
                first <Ago at={group.oldest} />
              </span>
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}

function LetterRow({ letter, ask }: { letter: DeadLetter; ask: (asked: Asked) => void }) {
  const { actions: allowed } = useAbilities();
  const [open, setOpen] = useState(false);
  const act = (kind: ActionKind) => ask({ kind, letters: [letter], about: aboutOne(letter) });
  return (
    <li class={open ? 'open' : ''}>
      <div class="letter-row">
        <button type="button" class="bare letter-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ToneIcon tone={letter.open ? 'failed' : 'quiet'} size={15} />
          <span class="letter-key">
            <Wire class="mono strong">{letter.key ?? letter.event ?? letter.id}</Wire>
            <span class="under">
              <Step name={letter.step} /> · {plain(letter.reason).toLowerCase()}
            </span>
          </span>
          <Wire class="error">{letter.error}</Wire>
          <span class="letter-when num">
            <Ago at={letter.failed_at} />
            {letter.replays > 0 && <span class="pill">replayed ×{letter.replays}</span>}
          </span>
        </button>
        {letter.open && allowed && (
          <button type="button" onClick={() => act('replay')} aria-label={`Replay the dead letter of ${letter.key ?? letter.id}`}>
            Replay…
          </button>
        )}
      </div>
      {open && <LetterBody letter={letter} linked />}
      {open && letter.open && allowed && (
        <p class="letter-acts">
          <OtherActs ask={act} />
        </p>
      )}
    </li>
  );
}

function ReplayAll({ path, total, ask }: { path: string; total: number; ask: (asked: Asked) => void }) {
  const { actions: allowed } = useAbilities();
  const [gathering, setGathering] = useState(false);
  const [error, setError] = useState<string | null>(null);
  if (!allowed) return <>replay them with the command <code>choreograph dlq replay</code></>;
  const gather = async () => {
    if (gathering) return;
    setGathering(true);
    setError(null);
    try {
      ask({ kind: 'replay', letters: await gathered(path), about: 'it' });
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
    }
    setGathering(false);
  };
  return (
    <>
      {error !== null && <span class="form-error">{error} </span>}
      <button type="button" aria-disabled={gathering} disabled={total === 0} onClick={() => void gather()}>
        {gathering ? 'Gathering…' : `Replay ${total > MOST_REPLAYED ? `the newest ${count(MOST_REPLAYED)}` : total === 1 ? 'it' : `all ${count(total)}`}…`}
      </button>
    </>
  );
}

/** All open dead letters that fit, as many as may be replayed at once. */
async function gathered(path: string): Promise<LetterPlace[]> {
  const separator = path.includes('?') ? '&' : '?';
  const letters = new Map<string, LetterPlace>();
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Answered = await look<Answered>(`${path}${separator}limit=${GATHERED_AT_ONCE}${from}`, AbortSignal.timeout(30_000));
    for (const letter of page.items) if (letter.open) letters.set(letter.id, letter);
    cursor = page.next;
  } while (cursor !== null && letters.size < MOST_REPLAYED);
  return [...letters.values()].slice(0, MOST_REPLAYED);
}
