// The picture of a workflow: lines in SVG, boxes as links above them.

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventNode, StepNode, WorkflowGraph } from '../api/types';
import { instancesHref } from '../lib/filters';
import { count, plural, short } from '../lib/number';
import { onlyPublishes } from '../lib/steps';
import { shortDuration } from '../lib/time';
import { waiting } from '../lib/trouble';
import { reason } from '../lib/words';
import { ToneIcon } from '../ui/icons';
import { useNarrow } from '../ui/narrow';
import { Step, Wire } from '../ui/text';
import { type Box, type Flow, type Line, links, MOST_NODES, picture, scaleToFit, shape } from './layout';

export function Drawing({ graph }: { graph: WorkflowGraph }) {
  const drawn = useMemo(() => picture(graph), [shape(graph)]);
  const view = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const [scale, setScale] = useState(1);
  useLayoutEffect(() => {
    const box = view.current;
    if (!box) return;
    const fit = () => setScale(scaleToFit(drawn.width, box.clientWidth, narrow));
    const watch = new ResizeObserver(fit);
    watch.observe(box);
    fit();
    return () => watch.disconnect();
  }, [drawn, narrow]);
  useLayoutEffect(() => {
    // Where the picture is still wider than the page, it opens at the step that comes first.
    const named = new Set(graph.steps.filter((step) => step.path).map((step) => step.step));
    const first = drawn.boxes.reduce<Box | null>((top, box) => (named.has(box.name) && (top === null || box.y < top.y) ? box : top), null);
    if (view.current && first) view.current.scrollLeft = first.x * scale - view.current.clientWidth / 2;
  }, [drawn, scale]);
  const flows = links(graph.edges);
  const steps = new Map(graph.steps.map((step) => [step.step, step]));
  const events = new Map(graph.events.map((event) => [event.event_type, event]));
  const left = graph.steps.length + graph.events.length > MOST_NODES;
  return (
    <>
      {left && <p class="muted">Only the first {MOST_NODES} steps and events are drawn; the table has all steps.</p>}
      <div ref={view} class="canvas-box" role="group" aria-label="The choreography as a picture; the table below has the same in words" tabIndex={0}>
        <div class="canvas-place" style={{ width: `${drawn.width * scale}px`, height: `${drawn.height * scale}px` }}>
          <div class="canvas" style={{ width: `${drawn.width}px`, height: `${drawn.height}px`, transform: scale === 1 ? 'none' : `scale(${scale})` }}>
            <svg width={drawn.width} height={drawn.height} aria-hidden="true">
              <defs>
                {['plain', 'silent', 'undeclared', 'version_skew', 'side'].map((kind) => (
                  <marker key={kind} id={`tip-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">
                    <path class={`tip tip-${kind}`} d="M0.5 0.8 7.5 4 0.5 7.2z" />
                  </marker>
                ))}
              </defs>
              {drawn.lines.map((line) => (
                <Stroke key={line.id} line={line} flow={flows.get(line.id)} side={!onlyPublishes(line.step) && steps.get(line.step)?.path === false} />
              ))}
            </svg>
            {drawn.boxes.map((box) => {
              const step = steps.get(box.name);
              if (box.kind === 'event') return <EventBox key={box.id} box={box} event={events.get(box.name)} />;
              if (step === undefined || onlyPublishes(box.name)) return <SourceBox key={box.id} box={box} declared={step?.declared !== false} />;
              return <StepBox key={box.id} box={box} step={step} workflow={graph.name} />;
            })}
          </div>
        </div>
      </div>
    </>
  );
}

function Stroke({ line, flow, side }: { line: Line; flow: Flow | undefined; side: boolean }) {
  const drift = flow?.drift ?? null;
  const kind = drift ?? (side ? 'side' : 'plain');
  const perMinute = flow?.perMinute ?? 0;
  return (
    <g class={perMinute > 0 ? 'flowing' : ''}>
      <path class={`line line-${kind}`} data-line={line.id} d={line.path} stroke-width={weight(perMinute)} marker-end={`url(#tip-${kind})`} />
      {perMinute > 0 && (
        <text class={`flow flow-${kind}`} x={line.middle.x + 6} y={line.middle.y + 3}>
          {short(perMinute)}/min
        </text>
      )}
    </g>
  );
}

/** Lines grow with the logarithm of what flows on them. */
function weight(perMinute: number): number {
  return 1.25 + Math.min(2.25, Math.log10(1 + perMinute) * 0.75);
}

function place(box: Box) {
  return {
    left: `${box.x - box.width / 2}px`,
    top: `${box.y - box.height / 2}px`,
    width: `${box.width}px`,
    height: `${box.height}px`,
  };
}

/** Who only publishes, or is named by no manifest. */
function SourceBox({ box, declared }: { box: Box; declared: boolean }) {
  return (
    <div class={`box step-box box-source edge-quiet ${declared ? '' : 'box-undeclared'}`} style={place(box)} title={box.name}>
      <span class="box-name">
        <Step name={box.name} />
        {!declared && <span class="tag">undeclared</span>}
      </span>
      <span class="muted">publishes</span>
    </div>
  );
}

function StepBox({ box, step, workflow }: { box: Box; step: StepNode; workflow: string }) {
  const owed = waiting(step.owing);
  const stalled = step.stalled ?? (step.lost > 0 ? 'lost' : null);
  const tone = stalled === 'dead_letter' ? 'failed' : stalled === 'lost' ? 'lost' : stalled ? 'stalled' : 'quiet';
  const words = stalled ? reason(stalled).label : null;
  const kind = !step.declared ? 'undeclared' : !step.path ? 'side' : 'path';
  return (
    <a
      class={`box step-box box-${kind} edge-${tone}`}
      style={place(box)}
      href={instancesHref({ workflow, step: box.name })}
      title={`${box.name}${step.owner !== null ? `, ${step.owner}` : ''}\n${plural(owed, 'event')} waiting, lag ${count(step.lag)} of all types of its topics, group ${step.group_state}`}
    >
      <span class="box-name">
        <Step name={box.name} />
        {step.dead_letters > 0 ? (
          <span class="state tone-failed">
            <ToneIcon tone="failed" size={13} />
            {short(step.dead_letters)} dead
          </span>
        ) : kind !== 'path' ? (
          <span class="tag">{kind}</span>
        ) : null}
      </span>
      <span class="box-numbers num">
        <span class={owed > 0 ? '' : 'muted'}>
          <b>{short(owed)}</b> waiting
        </span>
        <span class="muted">
          lag <b>{short(step.lag)}</b>
        </span>
        <span class="muted">
          <b>{short(step.committed_last_minute)}</b>/min
        </span>
      </span>
      <span class="box-state">
        {words ? (
          <span class={`state tone-${tone}`}>
            <ToneIcon tone={tone} size={13} />
            {words}
          </span>
        ) : (
          <span class="muted">{step.oldest_waiting_ms ? `oldest ${shortDuration(step.oldest_waiting_ms)}` : owed > 0 ? 'working' : ' '}</span>
        )}
        {words && step.oldest_waiting_ms ? <span class="muted">oldest {shortDuration(step.oldest_waiting_ms)}</span> : null}
      </span>
    </a>
  );
}

function EventBox({ box, event }: { box: Box; event: EventNode | undefined }) {
  const marks = [event?.external ? 'external' : '', event?.terminal ? 'end' : '', event?.outbound ? 'read outside' : ''].filter(Boolean);
  return (
    <div
      class={`box event-box ${event?.terminal ? 'terminal' : ''} ${event?.external ? 'external' : ''}`}
      style={place(box)}
      title={`${box.name}${event ? ` on ${event.topic}\nseen ${count(event.seen)}, ${count(event.seen_last_minute)} in the last minute` : ''}${marks.length > 0 ? `\n${marks.join(', ')}` : ''}`}
    >
      <Wire>{box.name}</Wire>
      {event?.terminal && <ToneIcon tone="completed" size={12} />}
    </div>
  );
}
