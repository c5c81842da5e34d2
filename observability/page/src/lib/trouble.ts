// What of a workflow wants attention, the worst first.

import type { Count, InstanceState, InstanceSummary, Seat, StallReason, StepNode, WorkflowGraph, WorkflowSummary } from '../api/types';
import { REASONS } from './words';

/** One thing that wants attention. */
export interface Concern {
  /** The workflows that are hit, the hardest first. */
  workflows: string[];
  reason: StallReason;
  /** `service/step`; absent where no step can be named. */
  step: string | null;
  owner: string | null;
  /** Instances or dead letters that it is about. */
  count: number;
  /** What is counted. */
  unit: 'instance' | 'dead letter';
  /** How long the oldest of them has been waiting, in milliseconds. */
  oldest: number | null;
}

const URGENCY: StallReason[] = Object.keys(REASONS) as StallReason[];

/** States of events that wait for their step. */
const WAITING = new Set(['queued', 'handling', 'retrying', 'emitting', 'unknown']);

/** How many events wait at a step. */
export function waiting(owing: readonly Count[]): number {
  return owing.reduce((sum, { name, count }) => (WAITING.has(name) ? sum + count : sum), 0);
}

/** The instances of a workflow in a state. Of failed ones, those that nobody gave up: about the others nothing is to be done. */
export function inState(summary: WorkflowSummary, state: InstanceState): number {
  return state === 'failed' ? summary.failed - summary.given_up : summary[state];
}

/** How much of a workflow wants attention, on the way or at side steps. */
export function troubles(summary: WorkflowSummary): number {
  return inState(summary, 'failed') + summary.lost + summary.stalled + summary.side_stuck;
}

/** Where an instance is stuck beside the step that its sentence tells of. */
export function stuckBeside(item: InstanceSummary): (Seat & { reason: StallReason })[] {
  const stuck = item.steps.filter((seat): seat is Seat & { reason: StallReason } => seat.reason !== null);
  return stuck.filter((seat) => !(seat.path && seat.step === item.step && seat.reason === item.reason));
}

/** What wants attention at the steps of a workflow; without its graph, as much as the overview tells. */
export function concerns(summary: WorkflowSummary, graph: WorkflowGraph | null): Concern[] {
  const found: Concern[] = [];
  const workflows = [summary.name];
  for (const step of graph?.steps ?? []) found.push(...atStep(workflows, step));
  const named = new Set(found.map((concern) => concern.reason));
  for (const { name, count } of [...summary.stalled_by, ...summary.side_stuck_by]) {
    const reason = name as StallReason;
    if (count > 0 && !named.has(reason) && reason !== 'lost' && reason !== 'dead_letter') {
      named.add(reason);
      found.push({ workflows, reason, step: null, owner: null, count, unit: 'instance', oldest: null });
    }
  }
  if (summary.lost > 0 && !named.has('lost')) {
    found.push({ workflows, reason: 'lost', step: null, owner: null, count: summary.lost, unit: 'instance', oldest: null });
  }
  const failed = inState(summary, 'failed');
  if (failed > 0 && !found.some((concern) => concern.reason === 'dead_letter')) {
    found.push({ workflows, reason: 'dead_letter', step: null, owner: null, count: failed, unit: 'instance', oldest: null });
  }
  return found.sort(urgent);
}

function atStep(workflows: string[], step: StepNode): Concern[] {
  const at = { workflows, step: step.step, owner: step.owner };
  const found: Concern[] = [];
  for (const { name, count } of step.stalled_by) {
    if (name !== 'dead_letter') found.push({ ...at, reason: name as StallReason, count, unit: 'instance', oldest: step.oldest_waiting_ms });
  }
  if (step.lost > 0) found.push({ ...at, reason: 'lost', count: step.lost, unit: 'instance', oldest: null });
  if (step.dead_letters > 0) {
    found.push({ ...at, reason: 'dead_letter', count: step.dead_letters, unit: 'dead letter', oldest: null });
  }
  return found;
}

/** Open dead letters that no concern counts: of records that name no workflow, or of workflows with no other trouble. */
export function unnamed(found: readonly Concern[], open: number): Concern[] {
  if (found.some((concern) => concern.reason === 'dead_letter' && concern.unit !== 'dead letter')) return [];
  const count = open - found.reduce((sum, concern) => sum + (concern.unit === 'dead letter' ? concern.count : 0), 0);
  return count > 0 ? [{ workflows: [], reason: 'dead_letter', step: null, owner: null, count, unit: 'dead letter', oldest: null }] : [];
}

/** The order in which concerns want attention: by reason, then by number. */
export function urgent(a: Concern, b: Concern): number {
  return URGENCY.indexOf(a.reason) - URGENCY.indexOf(b.reason) || b.count - a.count;
}

/** One step that stands still for one reason is one concern, however many workflows it hits. */
export function merged(found: readonly Concern[]): Concern[] {
  const byStep = new Map<string, Concern>();
  for (const concern of [...found].sort((a, b) => b.count - a.count)) {
    const key = `${concern.reason} ${concern.unit} ${concern.step ?? ''}`;
    const before = byStep.get(key);
    const oldest = before ? Math.max(before.oldest ?? -1, concern.oldest ?? -1) : null;
    byStep.set(
      key,
      before
        ? {
            ...before,
            workflows: [...before.workflows, ...concern.workflows],
            count: before.count + concern.count,
            oldest: oldest === -1 ? null : oldest,
          }
        : concern,
    );
  }
  return [...byStep.values()].sort(urgent);
}
