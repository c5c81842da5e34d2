// Everything at a glance: what is stuck, since when, at whose step, why, and what can be done.

import { useEffect, useState } from 'preact/hooks';
import type { Overview, WorkflowGraph, WorkflowSummary } from '../api/types';
import { behind, LATE_MS } from '../live/connection';
import { useAnswer, useNow } from '../live/hooks';
import { failuresHref, instancesHref } from '../lib/filters';
import { count, plural, short } from '../lib/number';
import { workflowHref } from '../lib/route';
import { duration } from '../lib/time';
import { type Concern, concerns, inState, merged, troubles, unnamed } from '../lib/trouble';
import { reason, STATES, STATE_MEANING } from '../lib/words';
import { ToneIcon } from '../ui/icons';
import { Empty, Outdated, Skeleton, Trouble } from '../ui/states';
import { Section, Sentence, Step, Wire } from '../ui/text';

/** Workflows in trouble whose steps are asked for; of the others the overview tells the numbers. */
const MOST_GRAPHS = 8;

/** Problems that are shown at once: where one thing is wrong with all groups, the others only say so again. */
const FIRST_PROBLEMS = 3;

/** Concerns that are shown at once. */
const MOST_CONCERNS = 30;

export function Fleet() {
  const overview = useAnswer<Overview>('/api/overview');
  const data = overview.data;
  if (!data) {
    return (
      <>
        <h1>Fleet</h1>
        {overview.error ? (
          <Trouble error={overview.error} again={overview.again} what="the fleet" />
        ) : (
          <Skeleton lines={9} label="the fleet" />
        )}
      </>
    );
  }
  return (
    <>
      <h1>Fleet</h1>
      <Outdated error={overview.error} again={overview.again} what="the fleet" />
      <Figures data={data} />
      {data.problems.length > 0 && <Problems problems={data.problems} />}
      <Attention data={data} />
      <Section id="workflows" title="Workflows" note={plural(data.workflows.length, 'workflow')}>
        {data.workflows.length > 0 ? <Workflows workflows={data.workflows} /> : <NoWorkflows />}
      </Section>
      <Section id="observer" title="The observer">
        <dl class="facts">
          <Fact name="Instances kept" value={count(data.instances)} />
          <Fact name="Events kept" value={count(data.events)} />
          <Fact name="Records it cannot place" value={count(data.unreadable)} />
          <Fact name="Sight" value={data.as_of.caught_up ? 'caught up' : 'still reading what was there at its start'} />
        </dl>
      </Section>
    </>
  );
}

function Figures({ data }: { data: Overview }) {
  const sum = (pick: (workflow: WorkflowSummary) => number) => data.workflows.reduce((total, workflow) => total + pick(workflow), 0);
  const stalled = sum((workflow) => workflow.stalled);
  const failed = sum((workflow) => inState(workflow, 'failed'));
  const lost = sum((workflow) => workflow.lost);
  const side = sum((workflow) => workflow.side_stuck);
  return (
    <ul class="figures" aria-label="Sums over all workflows">
      <Figure tone={failed > 0 ? 'failed' : 'quiet'} name="Failed" value={failed} href={instancesHref({ state: 'failed', stuck: 'path' })} />
      <Figure tone={lost > 0 ? 'lost' : 'quiet'} name="Lost" value={lost} href={instancesHref({ state: 'lost' })} />
      <Figure tone={stalled > 0 ? 'stalled' : 'quiet'} name="Stalled" value={stalled} href={instancesHref({ state: 'stalled' })} />
      <Figure tone={side > 0 ? 'stalled' : 'quiet'} name="Stuck at side steps" value={side} href={instancesHref({ stuck: 'side' })} />
      <Figure tone={data.dead_letters_open > 0 ? 'failed' : 'quiet'} name="Dead letters open" value={data.dead_letters_open} href="/failures" />
      <Figure tone="running" name="Running" value={sum((workflow) => workflow.running)} href={instancesHref({ state: 'running' })} />
      <Figure tone="quiet" name="Started a minute" value={sum((workflow) => workflow.started_last_minute)} />
      <Figure tone="completed" name="Finished a minute" value={sum((workflow) => workflow.finished_last_minute)} />
    </ul>
  );
}

function Figure(props: { tone: Parameters<typeof ToneIcon>[0]['tone']; name: string; value: number; href?: string }) {
  const inside = (
    <>
      <span class="figure-name">
        <ToneIcon tone={props.tone} size={13} /> {props.name}
      </span>
      <span class="figure-value num" title={count(props.value)}>
        {props.value < 100_000 ? count(props.value) : short(props.value)}
      </span>
    </>
  );
  return (
    <li class={`figure tone-${props.tone} ${props.value === 0 ? 'zero' : ''}`}>
      {props.href ? <a href={props.href}>{inside}</a> : <div>{inside}</div>}
    </li>
  );
}

function Problems({ problems }: { problems: string[] }) {
  return (
    <Section id="problems" title="The observer does not see everything" class="problems">
      <ProblemList problems={problems.slice(0, FIRST_PROBLEMS)} />
      {problems.length > FIRST_PROBLEMS && (
        <details>
          <summary>{count(problems.length - FIRST_PROBLEMS)} more</summary>
          <ProblemList problems={problems.slice(FIRST_PROBLEMS)} />
        </details>
      )}
    </Section>
  );
}

function ProblemList({ problems }: { problems: string[] }) {
  return (
    <ul>
      {problems.map((problem) => (
        <li key={problem}>
          <Sentence>{problem}</Sentence>
        </li>
      ))}
    </ul>
  );
}

function Attention({ data }: { data: Overview }) {
  // `null`: asked for, and not to be had.
  const [graphs, set] = useState<Record<string, WorkflowGraph | null>>({});
  const troubled = data.workflows
    .filter((workflow) => troubles(workflow) > 0 || graphs[workflow.name]?.steps.some((step) => step.dead_letters > 0))
    .sort((a, b) => troubles(b) - troubles(a));
  // Dead letters of instances that are forgotten, or that name no workflow, are in no sum: whose they are the graphs tell.
  const asked = (troubled.length > 0 ? troubled : data.dead_letters_open > 0 ? data.workflows : []).slice(0, MOST_GRAPHS);
  // Whose steps are still to come is not told of yet: a moment later it would be told better.
  const pending = asked.filter((workflow) => graphs[workflow.name] === undefined);
  const told = troubled.filter((workflow) => !pending.includes(workflow));
  const named = merged(told.flatMap((workflow) => concerns(workflow, graphs[workflow.name] ?? null)));
  const found = pending.length > 0 ? named : [...named, ...unnamed(named, data.dead_letters_open)];
  return (
    <Section id="attention" title="Needs attention" note={found.length > MOST_CONCERNS && `the first ${MOST_CONCERNS} of ${found.length}`}>
      {asked.map((workflow) => (
        <Asked key={workflow.name} name={workflow.name} found={(graph) => set((before) => ({ ...before, [workflow.name]: graph }))} />
      ))}
      {found.length > 0 ? (
        <ol class="concerns">
          {found.slice(0, MOST_CONCERNS).map((concern) => (
            <Row key={`${concern.workflows[0]} ${concern.step} ${concern.reason}`} concern={concern} />
          ))}
        </ol>
      ) : pending.length > 0 ? (
        <Skeleton lines={3} label="what needs attention" />
      ) : (
        <Calm data={data} />
      )}
    </Section>
  );
}

/** Nothing needs attention, as far as the observer sees: only one that sees everything can say that all is well. */
function Calm({ data }: { data: Overview }) {
  if (data.instances === 0) {
    return (
      <Empty title="Nothing has been seen yet">
        <p>What fails, is lost or stands still will be named here, with its step and the reason.</p>
      </Empty>
    );
  }
  useNow(1_000);
  const age = behind();
  const well = data.workflows.every((workflow) => troubles(workflow) === 0);
  const sees = well && data.as_of.caught_up && data.problems.length === 0 && age !== null && age <= LATE_MS;
  return (
    <Empty good={sees} title={sees ? 'Nothing is stuck' : 'Nothing is known to be stuck'}>
      <p>
        {sees
          ? 'No instance has failed, is lost or stands still beyond its step’s deadline, on its way or at a side step.'
          : 'The observer does not see everything now: what it cannot see may be stuck.'}
      </p>
    </Empty>
  );
}

/** Asks for a workflow's graph and hands it on; shows nothing. */
function Asked({ name, found }: { name: string; found: (graph: WorkflowGraph | null) => void }) {
  const { data, error } = useAnswer<WorkflowGraph>(`/api/workflows/${encodeURIComponent(name)}`);
  useEffect(() => {
    if (data || error) found(data);
  }, [data, error]);
  return null;
}

function Row({ concern }: { concern: Concern }) {
  const words = reason(concern.reason);
  const dead = concern.reason === 'dead_letter';
  const tone = dead ? 'failed' : concern.reason === 'lost' ? 'lost' : 'stalled';
  const [only, ...others] = concern.workflows;
  const workflow = only !== undefined && others.length === 0 ? { workflow: only } : {};
  const step = concern.step === null ? {} : { step: concern.step };
  const href =
    dead && (concern.step !== null || concern.workflows.length === 0)
      ? failuresHref(step)
      : concern.reason === 'lost'
        ? instancesHref({ ...workflow, state: 'lost', ...step })
        : concern.reason === 'dead_letter'
          ? instancesHref({ ...workflow, state: 'failed', stuck: 'path' })
          : instancesHref({ ...workflow, reason: concern.reason, ...step });
  return (
    <li class={`concern edge-${tone}`}>
      <a href={href}>
        <span class={`concern-what tone-${tone}`}>
          <ToneIcon tone={tone} /> {words.label}
        </span>
        <span class="concern-where">
          {concern.step ? <Step name={concern.step} /> : <span class="muted">{concern.workflows.length > 0 ? 'no step can be named' : 'further ones'}</span>}
          <span class="under">
            {concern.workflows.length > 0 ? concern.workflows.join(', ') : 'of no workflow that is named above'}
            {concern.owner !== null && (
              <>
                {' · '}
                <Wire>{concern.owner}</Wire>
              </>
            )}
          </span>
        </span>
        <span class="concern-why">
          {words.meaning}
          <span class="under">{words.remedy}</span>
        </span>
        <span class="concern-count num">
          {plural(concern.count, concern.unit)}
          <span class="under">{concern.oldest !== null ? `oldest ${duration(concern.oldest)}` : ''}</span>
        </span>
      </a>
    </li>
  );
}

function Workflows({ workflows }: { workflows: WorkflowSummary[] }) {
  return (
    <div class="table-box">
      <table class="workflows">
        <thead>
          <tr>
            <th scope="col">Workflow</th>
            <th scope="col" class="wide">
              Unfinished, by state
            </th>
            <th scope="col" class="right">
              Completed
            </th>
            <th scope="col" class="right">
              Started
              <span class="unit">a minute</span>
            </th>
            <th scope="col" class="right">
              Finished
              <span class="unit">a minute</span>
            </th>
            <th scope="col" class="right">
              Takes
              <span class="unit">median · p95</span>
            </th>
            <th scope="col" class="right">
              Oldest
              <span class="unit">waiting</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {workflows.map((workflow) => (
            <tr key={workflow.name}>
              <th scope="row">
                <a href={workflowHref(workflow.name)}>
                  <Wire>{workflow.name}</Wire>
                </a>
              </th>
              <td class="wide" data-label="Unfinished">
                <Bar workflow={workflow} />
              </td>
              <td class="right num" data-label="Completed">
                <a href={instancesHref({ workflow: workflow.name, state: 'completed' })}>{count(workflow.completed)}</a>
              </td>
              <td class="right num" data-label="Started a minute">
                {count(workflow.started_last_minute)}
              </td>
              <td class="right num" data-label="Finished a minute">
                {count(workflow.finished_last_minute)}
              </td>
              <td class="right num" data-label="Takes, median · p95">
                {workflow.duration_ms ? `${duration(workflow.duration_ms[0])} · ${duration(workflow.duration_ms[1])}` : '—'}
              </td>
              <td class="right num" data-label="Oldest waiting">
                {workflow.oldest_waiting_ms === null ? '—' : duration(workflow.oldest_waiting_ms)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The smallest share of the bar that a state takes, so that one lost instance among a million is seen. */
const SMALLEST_SHARE = 0.02;

function Bar({ workflow }: { workflow: WorkflowSummary }) {
  const unfinished = STATES.filter((state) => state !== 'completed' && inState(workflow, state) > 0);
  if (unfinished.length === 0) return <span class="muted">none</span>;
  const total = unfinished.reduce((sum, state) => sum + inState(workflow, state), 0);
  return (
    <div class="state-bar">
      <div class="bar" aria-hidden="true">
        {unfinished.map((state) => (
          <span key={state} class={`fill tone-${state}`} style={{ flexGrow: String(Math.max(SMALLEST_SHARE, inState(workflow, state) / total)) }} />
        ))}
      </div>
      <ul>
        {unfinished.map((state) => (
          <li key={state}>
            <a class={`tone-${state}`} href={instancesHref({ workflow: workflow.name, state, ...(state === 'failed' ? { stuck: 'path' } : {}) })} title={`${count(inState(workflow, state))} ${state}: ${STATE_MEANING[state]}`}>
              <ToneIcon tone={state} size={13} />
              <span class="num">{count(inState(workflow, state))}</span> {state}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function NoWorkflows() {
  return (
    <Empty title="No workflow yet">
      <p>Workflows appear here as soon as a manifest declares one or its first event is seen.</p>
    </Empty>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">{value}</dd>
    </div>
  );
}
