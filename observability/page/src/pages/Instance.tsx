// One instance: where it is, what it owes and why; how it came there; what failed.

import type { Instance, InstanceSummary, Owing, Trace } from '../api/types';
import { useAnswer, useNow } from '../live/hooks';
import { instancesHref } from '../lib/filters';
import { plural } from '../lib/number';
import { workflowHref } from '../lib/route';
import { clock, duration, exact } from '../lib/time';
import { reason, stepTone, stepWord } from '../lib/words';
import { DeadLetterCard } from '../ui/DeadLetter';
import { Events } from '../ui/Events';
import { Glyph, State, ToneIcon } from '../ui/icons';
import { Empty, Outdated, Skeleton, Trouble } from '../ui/states';
import { Ago, Id, Section, Sentence, Since, Step, Wire } from '../ui/text';
import { TraceLink } from '../ui/TraceLink';

export function InstancePage({ id }: { id: string }) {
  const { data, error, again } = useAnswer<Instance>(`/api/instances/${encodeURIComponent(id)}`);
  if (data) {
    return (
      <>
        <Outdated error={error} again={again} what={`the instance ${id}`} />
        <Shown instance={data} again={again} />
      </>
    );
  }
  if (error?.trouble === 'unknown') {
    return (
      <>
        <p class="crumbs">
          <a href="/instances">Instances</a>
        </p>
        <h1>
          <Wire class="mono">{id}</Wire>
        </h1>
        <Empty title="Nobody knows this instance">
          <p>No event with this correlation id was seen. It may not have started yet, or it is older than what the observer keeps.</p>
          <p>
            <a href={`/where/${encodeURIComponent(id)}`}>Look among business keys and event ids</a>
          </p>
        </Empty>
      </>
    );
  }
  if (error) return <Trouble error={error} again={again} what={`the instance ${id}`} />;
  return <Skeleton lines={12} label="the instance" />;
}

function Shown({ instance, again }: { instance: Instance; again: () => void }) {
  const { summary, frontier, events, traces } = instance;
  const linked = new Map(traces.map((trace) => [trace.id, trace.url]));
  // Those of the step that decides the state stand first.
  const dead = [...instance.dead_letters].sort((a, b) => Number(b.step === summary.step) - Number(a.step === summary.step));
  return (
    <>
      <p class="crumbs">
        <a href="/instances">Instances</a>
        <Glyph name="right" size={11} />
        <a href={workflowHref(summary.workflow)}>
          <Wire>{summary.workflow}</Wire>
        </a>
      </p>
      <div class="title-line">
        <h1>
          <Wire class="mono">{summary.key ?? summary.id}</Wire>
        </h1>
        <span aria-live="polite">
          <State state={summary.state} />
        </span>
      </div>
      <p class="meta">
        <span>
          id <Id value={summary.id} label="the instance’s id" />
        </span>
        {summary.keys.map((key) => (
          <span key={key}>
            also <Id value={key} label="a further key" />
          </span>
        ))}
        <span>
          started <Ago at={summary.started} />
        </span>
        {summary.state === 'completed' && summary.finished !== null ? (
          <span>took {duration(summary.finished - summary.started)}</span>
        ) : (
          <span>
            age <Since at={summary.started} />
          </span>
        )}
        <span>{plural(summary.events, 'event')}</span>
        <span>
          last sign <Ago at={summary.updated} />
        </span>
      </p>
      <Frontier instance={instance} />
      {dead.length > 0 && (
        <Section id="dead" title="Dead letters" note={`${dead.filter((letter) => letter.open).length} open of ${dead.length}`}>
          <div class="letters">
            {dead.map((letter) => (
              <DeadLetterCard key={letter.id} letter={letter} done={again} />
            ))}
          </div>
        </Section>
      )}
      <Section id="events" title="What happened" note="causes above effects; bars show how long each step took or has been waiting">
        {events.length > 0 ? (
          <Events instance={summary.id} traces={linked} events={events} frontier={frontier} started={summary.started} finished={frontier.length === 0 ? summary.finished : null} />
        ) : (
          <Empty title="None of its events is kept">
            <p>They are older than what the topics keep; only the sum is known.</p>
          </Empty>
        )}
      </Section>
      <Section id="traces" title="Traces" note={traces.length > 1 && 'a wait begins a new trace; together they are the whole way'}>
        {traces.length > 0 ? <Traces traces={traces} /> : <p class="muted">No event of this instance carries a trace.</p>}
      </Section>
    </>
  );
}

function Frontier({ instance }: { instance: Instance }) {
  const { summary, frontier } = instance;
  const words = summary.reason ? reason(summary.reason) : null;
  const path = frontier.filter((owing) => owing.path);
  const side = frontier.filter((owing) => !owing.path);
  const stuck = side.filter((owing) => owing.stalled !== null).length;
  return (
    <section class={`frontier edge-${summary.state}`} aria-labelledby="frontier">
      <h2 id="frontier" class="vh">
        Where it is
      </h2>
      <div class="frontier-main">
        <ToneIcon tone={summary.state} size={28} />
        <div>
          <p class="frontier-sentence">
            <Sentence>{summary.sentence}</Sentence>
          </p>
          {words && (
            <p class="frontier-why">
              <strong class={`tone-${summary.state}`}>{words.label}.</strong> {words.meaning} <span class="remedy">{words.remedy}</span>
            </p>
          )}
        </div>
      </div>
      <OwedList owing={path} summary={summary} />
      {side.length > 0 && (
        <details class="side-owing" open={path.length === 0}>
          <summary>
            {plural(side.length, 'event')} at side steps
            {stuck > 0 && <span class="tone-stalled">, {stuck} of them stuck</span>}
          </summary>
          <OwedList owing={side} summary={summary} />
        </details>
      )}
    </section>
  );
}

function OwedList({ owing, summary }: { owing: readonly Owing[]; summary: InstanceSummary }) {
  if (owing.length === 0) return null;
  return (
    <ol class="owing" aria-label="What is owed, the worst first">
      {owing.map((owed) => (
        <Owed key={`${owed.event} ${owed.step}`} owing={owed} workflow={summary.workflow} told={summary.sentence} />
      ))}
    </ol>
  );
}

/** `told` is the sentence that stands above already. */
function Owed({ owing, workflow, told }: { owing: Owing; workflow: string; told: string }) {
  const now = useNow();
  const waited = Math.max(0, now - owing.since);
  const late = waited > owing.deadline_ms;
  const tone = owing.stalled === 'dead_letter' ? 'failed' : owing.stalled ? 'stalled' : stepTone(owing.state);
  return (
    <li class={owing.path ? '' : 'side'}>
      <div class="owed-head">
        <a class="owed-step" href={instancesHref({ workflow, step: owing.step })}>
          <Step name={owing.step} />
        </a>
        <span class="owed-event">
          owes what follows <Wire class="mono">{owing.event_type}</Wire>
        </span>
        <span class={`state tone-${tone}`}>
          <ToneIcon tone={tone} size={14} />
          {owing.stalled ? reason(owing.stalled).label : stepWord(owing.state)}
        </span>
      </div>
      {owing.state.state === 'dead_lettered' ? (
        <p class="muted">
          set aside <Ago at={owing.since} />
        </p>
      ) : (
        <p class="owed-wait num" title={`since ${exact(owing.since)}`}>
          <span class={late ? 'tone-stalled strong' : ''}>{duration(waited)}</span>
          <span class="muted"> of {duration(owing.deadline_ms)} allowed</span>
          <span class="gauge" aria-hidden="true">
            <span class={`fill tone-${late ? 'stalled' : 'running'}`} style={{ width: `${Math.min(100, (100 * waited) / Math.max(1, owing.deadline_ms))}%` }} />
          </span>
        </p>
      )}
      {owing.sentence !== told && (
        <p class="owed-sentence">
          <Sentence>{owing.sentence}</Sentence>
        </p>
      )}
      {owing.evidence.length > 0 && (
        <details class="evidence" open={owing.stalled !== null}>
          <summary>Evidence</summary>
          <ul>
            {owing.evidence.map((line) => (
              <li key={line}>
                <Sentence>{line}</Sentence>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

function Traces({ traces }: { traces: Trace[] }) {
  return (
    <ol class="traces">
      {traces.map((trace) => (
        <li key={trace.id}>
          <Id value={trace.id} label="the trace’s id" />
          <span class="muted num" title={`${exact(trace.from)} to ${exact(trace.to)}`}>
            {clock(trace.from)}
            {trace.replayed_by === undefined && `, ${trace.to > trace.from ? duration(trace.to - trace.from) : 'one moment'}, ${plural(trace.events, 'event')}`}
          </span>
          {trace.replayed_by !== undefined && (
            <span>
              replay by <Wire>{trace.replayed_by}</Wire>
            </span>
          )}
          <TraceLink url={trace.url} />
        </li>
      ))}
    </ol>
  );
}
