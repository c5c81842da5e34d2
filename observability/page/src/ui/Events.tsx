// The events of an instance: the causal tree on the left, the timeline on the right.

import { useState } from 'preact/hooks';
import { eventHeaders, value } from '../api/client';
import type { AtStep, Attempt, InstanceEvent, Owing } from '../api/types';
import { useAbilities } from '../live/abilities';
import { useNow } from '../live/hooks';
import { plural } from '../lib/number';
import { clock, duration, exact } from '../lib/time';
import { causalRows, MOST_RAILS, type Row } from '../lib/tree';
import { attempted, attemptedWhen, stepState, stepTone, stepWord } from '../lib/words';
import { Glyph, ToneIcon } from './icons';
import { Id, Step, Wire } from './text';
import { TraceLink, type TraceLinks } from './TraceLink';
import { Headers, Value } from './Value';

/** Events that are drawn at first; the others on demand. */
const FIRST_EVENTS = 100;

/** Pixels from one level of the tree to the next. */
const STEP_IN = 18;

/** A span of time, as the timeline shows it. */
interface Scale {
  from: number;
  span: number;
  now: number;
  /** Where somebody stands still: event and step. */
  stuck: ReadonlySet<string>;
}

interface Props {
  /** The instance's id. */
  instance: string;
  traces: TraceLinks;
  events: InstanceEvent[];
  frontier: readonly Owing[];
  started: number;
  finished: number | null;
}

export function Events({ instance, traces, events, frontier, started, finished }: Props) {
  const now = useNow();
  const [all, showAll] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const rows = causalRows(events);
  const shown = all ? rows : rows.slice(0, FIRST_EVENTS);
  const from = Math.min(started, ...shown.map((row) => row.event.at));
  const last = Math.max(from + 1, ...shown.map((row) => row.event.at), ...shown.flatMap((row) => row.event.steps.map((at) => ended(at, now) ?? 0)));
  const stuck = new Set(frontier.filter((owing) => owing.stalled !== null).map((owing) => `${owing.event} ${owing.step}`));
  const scale = { stuck, from, span: Math.max(1, (finished === null ? Math.max(last, from + 1) : Math.max(finished, last)) - from) * 1.02, now };
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <div class="events">
      <div class="axis" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {share === 0 ? clock(from) : `+${duration(scale.span * share)}`}
          </span>
        ))}
      </div>
      <ol>
        {shown.map((row) => (
          <EventRow
            key={`${row.event.id} ${row.event.topic}/${row.event.partition}/${row.event.offset}`}
            instance={instance}
            traces={traces}
            row={row}
            scale={scale}
            open={open.has(row.event.id)}
            toggle={toggle}
          />
        ))}
      </ol>
      {shown.length < rows.length && (
        <button type="button" onClick={() => showAll(true)}>
          Show {rows.length - shown.length} more
        </button>
      )}
    </div>
  );
}

/** When a step was done with an event: now, while it is not. */
function ended(at: AtStep, now: number): number | null {
  if (at.state.state === 'done') return at.state.at;
  if (at.state.state === 'skipped' || at.state.state === 'not_owed') return null;
  return now;
}

function EventRow(props: { instance: string; traces: TraceLinks; row: Row<InstanceEvent>; scale: Scale; open: boolean; toggle: (id: string) => void }) {
  const { instance, traces, row, scale, open, toggle } = props;
  const { event } = row;
  const indent = Math.min(row.depth, MOST_RAILS);
  return (
    <li class="event">
      <Rails row={row} indent={indent} />
      <div class="event-line">
        <div class="event-what" style={{ paddingLeft: `${indent * STEP_IN}px` }}>
          <button type="button" class="bare event-name" aria-expanded={open} onClick={() => toggle(event.id)}>
            <Glyph name="right" size={11} />
            <Wire class="mono strong">{event.event_type}</Wire>
          </button>
          <span class="muted">
            {row.orphan ? 'its cause was not seen' : event.source ? <>by <Step name={event.source} /></> : 'starts it'}
            {event.duplicates > 0 && <span class="pill">seen {event.duplicates + 1} times</span>}
          </span>
        </div>
        <div class="lane">
          <span class="moment" style={{ left: `${share(event.at, scale)}%` }} title={exact(event.at)} />
        </div>
        <time class="event-at num" title={exact(event.at)}>
          +{duration(event.at - scale.from)}
        </time>
      </div>
      {open && <Details event={event} instance={instance} traces={traces} />}
      {event.steps.length > 0 && (
        <ul class="at-steps">
          {event.steps.map((at) => (
            <StepLine key={at.step} at={at} event={event} scale={scale} indent={indent} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** The lines of the tree beside an event: from its cause to it, past it to later siblings, and from it to what it caused. */
function Rails({ row, indent }: { row: Row<InstanceEvent>; indent: number }) {
  const rails = row.rails.slice(-indent);
  const at = (level: number) => ({ left: `${level * STEP_IN + 6}px` });
  return (
    <span class="rails" aria-hidden="true">
      {Array.from({ length: indent }, (_, level) => {
        if (level === indent - 1) return <span key={level} class={`rail elbow ${row.last ? '' : 'on'}`} style={at(level)} />;
        return rails[level + 1] ? <span key={level} class="rail" style={at(level)} /> : null;
      })}
      {row.cause && row.depth < MOST_RAILS && <span class="rail down" style={at(indent)} />}
    </span>
  );
}

function StepLine({ at, event, scale, indent }: { at: AtStep; event: InstanceEvent; scale: Scale; indent: number }) {
  const tone = stepTone(at.state) === 'running' && scale.stuck.has(`${event.id} ${at.step}`) ? 'stalled' : stepTone(at.state);
  const end = ended(at, scale.now);
  const left = share(event.at, scale);
  return (
    <li class={`event-line at-step ${at.path ? '' : 'side'}`}>
      <div class="event-what" style={{ paddingLeft: `${indent * STEP_IN + 17}px` }}>
        <span class={`state tone-${tone}`}>
          <ToneIcon tone={tone} size={13} />
          {stepWord(at.state)}
        </span>
        <span>
          <Step name={at.step} /> {!at.path && <span class="tag">side</span>}
          {at.state.state !== 'done' && <span class="muted"> {stepState(at.state, scale.now)}</span>}
        </span>
      </div>
      <div class="lane">
        {end !== null && (
          <span
            class={`stretch tone-${tone}`}
            style={{ left: `${left}%`, width: `${Math.max(0.4, share(end, scale) - left)}%` }}
            title={`${at.step}: ${duration(end - event.at)}`}
          />
        )}
      </div>
      <span class="event-at num muted">{end === null ? '' : duration(end - event.at)}</span>
      {at.attempts !== undefined && at.attempts.length > 0 && <Attempts attempts={at.attempts} leftOut={at.attempts_left_out ?? 0} indent={indent} />}
    </li>
  );
}

/** Attempts shown at first, the newest; the others on demand. */
const FIRST_ATTEMPTS = 5;

/** Every attempt, a line each. */
function Attempts({ attempts, leftOut, indent }: { attempts: Attempt[]; leftOut: number; indent: number }) {
  const [all, showAll] = useState(false);
  const shown = all ? attempts : attempts.slice(-FIRST_ATTEMPTS);
  return (
    <ol class="attempts" style={{ paddingLeft: `${indent * STEP_IN + 17}px` }} aria-label="Attempts">
      {all && leftOut > 0 && <li class="muted">{plural(leftOut, 'attempt')} before them left out</li>}
      {shown.length < attempts.length && (
        <li>
          <button type="button" class="bare" onClick={() => showAll(true)}>
            {plural(attempts.length - shown.length + leftOut, 'earlier attempt')}
          </button>
        </li>
      )}
      {shown.map((attempt) => (
        <li key={`${attempt.replays ?? 0} ${attempt.number} ${attempt.outcome} ${attempt.at}`}>
          <AttemptTime attempt={attempt} /> {attempted(attempt)}
          <span class="muted">{attemptedWhen(attempt)}</span>
        </li>
      ))}
    </ol>
  );
}

function AttemptTime({ attempt: { at, after, before } }: { attempt: Attempt }) {
  if (at !== null) {
    return (
      <time class="num" title={exact(at)}>
        {clock(at)}
      </time>
    );
  }
  const between = [after === undefined ? '' : `after ${exact(after)}`, before === undefined ? '' : `before ${exact(before)}`].filter((text) => text !== '');
  return (
    <span class="num muted" title={between.join(', ')}>
      {after !== undefined ? `≥ ${clock(after)}` : before !== undefined ? `≤ ${clock(before)}` : '—'}
    </span>
  );
}

function share(at: number, scale: Scale): number {
  return Math.max(0, Math.min(100, (100 * (at - scale.from)) / scale.span));
}

function Details({ event, instance, traces }: { event: InstanceEvent; instance: string; traces: TraceLinks }) {
  const { payloads } = useAbilities();
  return (
    <dl class="details">
      <Detail name="Event">
        <Id value={event.id} label="the event’s id" />
      </Detail>
      {event.causation !== null && (
        <Detail name="Caused by">
          <Id value={event.causation} label="the cause’s id" />
        </Detail>
      )}
      <Detail name="Time">{exact(event.at)}</Detail>
      <Detail name="Record">
        <Wire class="mono">{`${event.topic} / ${event.partition} / ${event.offset}`}</Wire>
      </Detail>
      <Detail name="Key">{event.key === null ? <span class="muted">none</span> : <Wire class="mono">{event.key}</Wire>}</Detail>
      <Detail name="Contract">{event.contract_version ?? <span class="muted">not told</span>}</Detail>
      <Detail name="Hops">{String(event.hops)}</Detail>
      {event.trace !== null && (
        <Detail name="Trace / span">
          <Wire class="mono">{`${event.trace} / ${event.span ?? '—'}`}</Wire> <TraceLink url={traces.get(event.trace)} />
        </Detail>
      )}
      <Detail name="Headers">
        <Headers look={(signal) => eventHeaders(instance, event.id, signal)} />
      </Detail>
      {payloads && (
        <Detail name="Value">
          <Value look={(signal) => value(instance, event.id, signal)} />
        </Detail>
      )}
    </dl>
  );
}

function Detail({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
