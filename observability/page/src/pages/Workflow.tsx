// One workflow as a picture, and its steps as a table.

import type { StepNode, WorkflowGraph } from '../api/types';
import { Drawing } from '../graph/Drawing';
import { useAnswer } from '../live/hooks';
import { failuresHref, instancesHref } from '../lib/filters';
import { count, plural } from '../lib/number';
import { onlyPublishes } from '../lib/steps';
import { duration } from '../lib/time';
import { waiting } from '../lib/trouble';
import { plain, reason } from '../lib/words';
import { ToneIcon } from '../ui/icons';
import { Empty, Outdated, Skeleton, Trouble } from '../ui/states';
import { Section, Step, Wire } from '../ui/text';

export function Workflow({ name }: { name: string }) {
  const { data, error, again } = useAnswer<WorkflowGraph>(`/api/workflows/${encodeURIComponent(name)}`);
  return (
    <>
      <p class="crumbs">
        <a href="/">Fleet</a>
      </p>
      <div class="title-line">
        <h1>
          <Wire>{name}</Wire>
        </h1>
        <span class="title-links">
          <a href="#steps">Steps as a table</a>
          <a class="button" href={instancesHref({ workflow: name })}>
            All its instances
          </a>
        </span>
      </div>
      {data && <Outdated error={error} again={again} what={`the workflow ${name}`} />}
      {data ? (
        <Shown graph={data} />
      ) : error?.trouble === 'unknown' ? (
        <Empty title="No workflow of this name">
          <p>
            It was neither declared nor seen. The <a href="/">fleet</a> lists those that were.
          </p>
        </Empty>
      ) : error ? (
        <Trouble error={error} again={again} what={`the workflow ${name}`} />
      ) : (
        <Skeleton lines={10} label="the workflow" />
      )}
    </>
  );
}

function Shown({ graph }: { graph: WorkflowGraph }) {
  if (graph.steps.length === 0 && graph.events.length === 0) {
    return (
      <Empty title="Nothing is declared here">
        <p>No manifest names a step or event of this workflow, and none was seen.</p>
      </Empty>
    );
  }
  const steps = graph.steps.filter((step) => !onlyPublishes(step.step));
  return (
    <>
      <Section id="picture" title="Choreography" note={<Legend />} class="picture">
        <Drawing graph={graph} />
      </Section>
      <Section id="steps" title="Steps" note={plural(steps.length, 'step')}>
        <Steps workflow={graph.name} steps={steps} />
      </Section>
    </>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="How to read the picture">
      <li>
        <LegendLine kind="plain" /> declared and seen
      </li>
      <li>
        <LegendLine kind="side" /> the same at a side step
      </li>
      <li>
        <LegendLine kind="silent" /> declared, silent
      </li>
      <li>
        <LegendLine kind="undeclared" /> seen, undeclared
      </li>
      <li>
        <LegendLine kind="version_skew" /> version skew
      </li>
    </ul>
  );
}

function LegendLine({ kind }: { kind: string }) {
  return (
    <svg class="flowing" width="30" height="8" aria-hidden="true">
      <path class={`line line-${kind}`} d="M1 4H29" />
    </svg>
  );
}

/** The steps that want attention first, then path steps before side steps. */
function order(a: StepNode, b: StepNode): number {
  const weight = (step: StepNode) => (step.stalled ? 4 : 0) + (step.dead_letters > 0 ? 2 : 0) + (step.path ? 1 : 0);
  return weight(b) - weight(a) || waiting(b.owing) - waiting(a.owing) || a.step.localeCompare(b.step);
}

function Steps({ workflow, steps }: { workflow: string; steps: StepNode[] }) {
  return (
    <div class="table-box">
      <table class="steps">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Condition</th>
            <th scope="col" class="right">
              Waiting
              <span class="unit">of this workflow</span>
            </th>
            <th scope="col" class="right">
              Oldest
            </th>
            <th scope="col" class="right">
              Lag
              <span class="unit">all types of its topics</span>
            </th>
            <th scope="col" class="right">
              Committed
              <span class="unit">a minute</span>
            </th>
            <th scope="col" class="right">
              Dead letters
            </th>
            <th scope="col">Group</th>
          </tr>
        </thead>
        <tbody>
          {[...steps].sort(order).map((step) => (
            <tr key={step.step} class={step.path ? '' : 'side'}>
              <th scope="row">
                <a href={instancesHref({ workflow, step: step.step })}>
                  <Step name={step.step} />
                </a>
                <span class="under">
                  {step.owner !== null ? <Wire>{step.owner}</Wire> : 'nobody named'}
                  {!step.path && ' · side step'}
                  {!step.declared && ' · undeclared'}
                </span>
              </th>
              <td data-label="Condition">
                <Condition step={step} />
              </td>
              <td class="right num" data-label="Waiting" title={step.owing.map(({ name, count: n }) => `${plain(name)}: ${count(n)}`).join('\n')}>
                {count(waiting(step.owing))}
              </td>
              <td class="right num" data-label="Oldest">
                {step.oldest_waiting_ms === null ? '—' : duration(step.oldest_waiting_ms)}
              </td>
              <td class="right num" data-label="Lag">
                {count(step.lag)}
              </td>
              <td class="right num" data-label="Committed a minute">
                {count(step.committed_last_minute)}
              </td>
              <td class="right num" data-label="Dead letters">
                {step.dead_letters > 0 ? (
                  <a class="tone-failed" href={failuresHref({ step: step.step })}>
                    {count(step.dead_letters)}
                  </a>
                ) : (
                  '0'
                )}
              </td>
              <td data-label="Group">{step.group_state}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="table-note">
        Lag counts every record of a step’s topics that its group has not committed: of all workflows, and also of the types that
        the step passes over. Waiting counts the events of this workflow alone.
      </p>
    </div>
  );
}

function Condition({ step }: { step: StepNode }) {
  if (step.stalled === null && step.lost > 0) {
    return (
      <span class="state tone-lost" title={`${reason('lost').meaning} ${reason('lost').remedy}`}>
        <ToneIcon tone="lost" size={14} />
        {reason('lost').label}
      </span>
    );
  }
  if (step.stalled === null) return <span class="muted">{waiting(step.owing) > 0 ? 'working' : 'nothing to do'}</span>;
  const words = reason(step.stalled);
  const tone = step.stalled === 'dead_letter' ? 'failed' : step.stalled === 'lost' ? 'lost' : 'stalled';
  return (
    <span class={`state tone-${tone}`} title={`${words.meaning} ${words.remedy}`}>
      <ToneIcon tone={tone} size={14} />
      {words.label}
    </span>
  );
}
