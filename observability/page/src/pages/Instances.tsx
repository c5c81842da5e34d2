// The list of instances, with its filters.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Count, InstanceSummary, Instances as Answered, Overview } from '../api/types';
import { type Filters, INSTANCE_FILTERS, type InstanceFilter, instancesHref, instancesQuery, readFilters, toggled, without } from '../lib/filters';
import { count, plural } from '../lib/number';
import { STATES, plain, reason } from '../lib/words';
import { useAnswer } from '../live/hooks';
import { go } from '../live/navigation';
import { MOST_ROWS, usePages } from '../live/pages';
import { ToneIcon } from '../ui/icons';
import { idOf, InstanceList } from '../ui/InstanceList';
import { useNarrow } from '../ui/narrow';
import { Empty, Held, Skeleton, Total, Trouble } from '../ui/states';
import { Step, Wire } from '../ui/text';
import type { InstanceState } from '../api/types';

/** How long typing rests before it filters. */
const TYPING_MS = 250;

/** Where an instance may be stuck, in words. */
const STUCK: Record<string, string> = { any: 'at any step', path: 'on its way', side: 'at a side step' };

const FILTER_LABEL: Record<InstanceFilter, string> = {
  workflow: 'Workflow',
  state: 'State',
  step: 'Step',
  reason: 'Reason',
  stuck: 'Stuck',
  attempt: 'Attempts at least',
  error: 'Error contains',
  older: 'Older than',
  key: 'Business key',
};

export function Instances({ query }: { query: URLSearchParams }) {
  const filters = readFilters(INSTANCE_FILTERS, query);
  const path = `/api/instances${instancesQuery(filters)}`;
  const pages = usePages<InstanceSummary, Answered>(path, idOf);
  const { data, error, again, stale } = pages.first;
  return (
    <>
      <div class="title-line">
        <h1>Instances</h1>
        <Total of={path} text={data && !stale ? plural(data.total, 'instance') : null} />
        <span class="title-links">
          <a class="button" href={instancesHref(toggled(filters, 'stuck', 'any'))} aria-current={filters.stuck === 'any' ? 'true' : undefined}>
            Only what is stuck
          </a>
        </span>
      </div>
      <div class="list-page">
        <Side filters={filters} data={data} />
        <div class={`list ${stale && !error ? 'stale' : ''}`} aria-busy={stale}>
          <Chosen filters={filters} />
          {pages.held && <Held release={pages.release} />}
          {error && !data ? (
            <Trouble error={error} again={again} what="instances" />
          ) : error && error.trouble !== 'offline' ? (
            <Trouble error={error} again={again} what="these instances" />
          ) : !data ? (
            <Skeleton lines={10} label="instances" />
          ) : pages.items.length > 0 ? (
            <>
              <InstanceList key={path} items={pages.items} total={pages.total} more={pages.more} />
              <p class="end">
                {pages.items.length >= MOST_ROWS
                  ? `Only the first ${count(MOST_ROWS)} are listed: narrow the filters to see others.`
                  : pages.items.length < pages.total
                    ? `${count(pages.items.length)} of ${count(pages.total)} read so far…`
                    : `That is all: ${plural(pages.total, 'instance')}.`}
              </p>
              {pages.trouble && <Trouble error={pages.trouble} again={pages.more} what="further instances" />}
            </>
          ) : Object.keys(filters).length > 0 ? (
            <Empty title="No instance fits">
              <p>
                Take a filter away, or <a href="/instances">show all</a>.
              </p>
            </Empty>
          ) : (
            <Empty title="No instance yet">
              <p>Instances appear here as soon as their first event is seen.</p>
            </Empty>
          )}
        </div>
      </div>
    </>
  );
}

function Side({ filters, data }: { filters: Filters<InstanceFilter>; data: Answered | null }) {
  const narrow = useNarrow();
  const overview = useAnswer<Overview>('/api/overview');
  const workflows = overview.data?.workflows.map(({ name, running, completed, failed, stalled, lost }) => ({
    name,
    count: running + completed + failed + stalled + lost,
  }));
  const set = Object.keys(filters).length;
  const inside = (
    <>
      <Typed filters={filters} />
      {workflows && workflows.length > 1 && (
        <Facet title="Workflow" filter="workflow" filters={filters} counts={workflows} label={(name) => <Wire>{name}</Wire>} />
      )}
      <Facet
        title="State"
        filter="state"
        filters={filters}
        counts={inOrder(data?.by_state ?? [], STATES)}
        label={(name) => (
          <>
            <ToneIcon tone={(STATES as readonly string[]).includes(name) ? (name as InstanceState) : 'quiet'} size={14} /> {plain(name)}
          </>
        )}
      />
      <Facet title="Stands still because" filter="reason" filters={filters} counts={data?.by_reason ?? []} label={(name) => reason(name).label} />
      <Facet title="Step that owes or failed" filter="step" filters={filters} counts={data?.by_step ?? []} label={(name) => <Step name={name} />} />
    </>
  );
  if (!narrow) {
    return (
      <aside class="side" aria-label="Filters">
        {inside}
      </aside>
    );
  }
  return (
    <details class="side">
      <summary>Filters{set > 0 ? ` (${set})` : ''}</summary>
      {inside}
    </details>
  );
}

function inOrder(counts: readonly Count[], order: readonly string[]): Count[] {
  return [...counts].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Values of one filter that are shown at once. */
const MOST_VALUES = 24;

interface FacetProps {
  title: string;
  filter: InstanceFilter;
  filters: Filters<InstanceFilter>;
  counts: readonly Count[];
  label: (name: string) => preact.ComponentChildren;
}

function Facet({ title, filter, filters, counts, label }: FacetProps) {
  const chosen = filters[filter]?.split(',') ?? [];
  const shown = counts.filter(({ count: n, name }) => n > 0 || chosen.includes(name)).slice(0, MOST_VALUES);
  if (shown.length === 0) return null;
  const most = Math.max(...shown.map(({ count: n }) => n), 1);
  return (
    <section class="facet" aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {shown.map(({ name, count: n }) => (
          <li key={name}>
            <a href={instancesHref(toggled(filters, filter, name))} aria-current={chosen.includes(name) ? 'true' : undefined}>
              <span class="facet-name">{label(name)}</span>
              <span class="num">{count(n)}</span>
              <span class="facet-bar" aria-hidden="true" style={{ width: `${Math.max(1, (100 * n) / most)}%` }} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const AGES = ['', '1m', '5m', '15m', '1h', '6h', '1d'];
const AGE_WORDS: Record<string, string> = { '1m': '1 minute', '5m': '5 minutes', '15m': '15 minutes', '1h': '1 hour', '6h': '6 hours', '1d': '1 day' };

/** Filters that are typed or picked: they take effect when typing rests. */
function Typed({ filters }: { filters: Filters<InstanceFilter> }) {
  return (
    <form class="typed" onSubmit={(event) => event.preventDefault()} aria-label="Filter by text">
      <TextFilter name="key" label="Business key, whole" filters={filters} whole />
      <TextFilter name="error" label="Error contains" filters={filters} />
      <div class="two">
        <TextFilter name="attempt" label="Attempts ≥" filters={filters} digits />
        <label class="field">
          <span>Older than</span>
          <select value={filters.older ?? ''} onChange={(event) => apply(filters, 'older', event.currentTarget.value)}>
            {[...new Set([...AGES, ...(filters.older ? [filters.older] : [])])].map((age) => (
              <option key={age} value={age}>
                {age === '' ? 'any age' : (AGE_WORDS[age] ?? age)}
              </option>
            ))}
          </select>
        </label>
      </div>
    </form>
  );
}

function apply(filters: Filters<InstanceFilter>, name: InstanceFilter, value: string): void {
  go(instancesHref(value.trim() === '' ? without(filters, name) : { ...filters, [name]: value }), true);
}

function TextFilter(props: { name: InstanceFilter; label: string; filters: Filters<InstanceFilter>; digits?: boolean; whole?: boolean }) {
  const { name, label, filters, digits = false, whole = false } = props;
  const value = filters[name] ?? '';
  const [text, set] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(filters);
  latest.current = filters;
  // What the address says, except while somebody types: their spaces and their next letters stay.
  useEffect(() => {
    if (timer.current === undefined) set((text) => (text.trim() === value ? text : value));
  }, [value]);
  const typed = useCallback((next: string) => {
    const clean = digits ? next.replace(/\D/g, '').slice(0, 6) : next;
    set(clean);
    clearTimeout(timer.current);
    if (whole) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      apply(latest.current, name, clean);
    }, TYPING_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode={digits ? 'numeric' : 'text'}
        value={text}
        maxLength={512}
        spellcheck={false}
        autoComplete="off"
        onInput={(event) => typed(event.currentTarget.value)}
        onChange={(event) => {
          if (whole) apply(latest.current, name, event.currentTarget.value);
        }}
      />
    </label>
  );
}

function Chosen({ filters }: { filters: Filters<InstanceFilter> }) {
  const chosen = INSTANCE_FILTERS.filter((name) => filters[name] !== undefined);
  if (chosen.length === 0) return null;
  return (
    <ul class="chosen" aria-label="Filters that are set">
      {chosen.map((name) => (
        <li key={name}>
          <a href={instancesHref(without(filters, name))} aria-label={`Take away: ${FILTER_LABEL[name]} ${filters[name]}`}>
            {FILTER_LABEL[name]} <Wire class="strong">{said(name, filters[name] ?? '')}</Wire> <span aria-hidden="true">×</span>
          </a>
        </li>
      ))}
      {chosen.length > 1 && (
        <li>
          <a class="clear" href="/instances">
            Clear all
          </a>
        </li>
      )}
    </ul>
  );
}

function said(name: InstanceFilter, value: string): string {
  if (name === 'reason') return reason(value).label;
  if (name === 'state') return value.split(',').join(' or ');
  if (name === 'stuck') return STUCK[value] ?? value;
  if (name === 'older') return AGE_WORDS[value] ?? value;
  return value;
}
