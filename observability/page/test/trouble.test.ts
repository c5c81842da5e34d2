import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepNode, WorkflowGraph, WorkflowSummary } from '../src/api/types';
import { plainest } from '../src/lib/error';
import { added, outcomes } from '../src/lib/outcomes';
import { concerns, merged, unnamed, waiting } from '../src/lib/trouble';
import { reason, stepState, untold } from '../src/lib/words';

const step = (name: string, more: Partial<StepNode>): StepNode => ({ step: name, owner: 'A', path: true, declared: true, group_state: 'stable', owing: [], lag: 0, committed_last_minute: 0, oldest_waiting_ms: null, dead_letters: 0, stalled: null, stalled_by: [], lost: 0, ...more });
const summary = (name: string, more: Partial<WorkflowSummary> = {}): WorkflowSummary => ({ name, running: 0, completed: 0, failed: 0, stalled: 0, lost: 0, stalled_by: [], waiting_at: [], oldest_waiting_ms: null, started_last_minute: 0, finished_last_minute: 0, duration_ms: null, ...more });
const graph = (name: string, steps: StepNode[]): WorkflowGraph => ({ as_of: { now: 0, behind_ms: 0, caught_up: true }, name, steps, events: [], edges: [] });

test('attempts that failed between two looks are named, and no other', () => {
  const told = (...numbers: number[]) => untold(numbers.map((number) => ({ number, outage: false })));
  assert.deepEqual(told(1, 2, 3), ['', '', '']);
  assert.deepEqual(told(3, 5), ['attempts 1 to 2 failed too, not told of apart', 'attempt 4 failed too, not told of apart']);
  assert.deepEqual(told(2, 3, 1, 3), ['attempt 1 failed too, not told of apart', '', '', 'attempt 2 failed too, not told of apart']);
  assert.deepEqual(untold([{ number: 1, outage: false }, { number: 2, outage: true }, { number: 3, outage: false }]), ['', 'attempt 2 failed too, not told of apart', '']);
});

test('what is done does not wait', () => {
  assert.equal(waiting([{ name: 'queued', count: 3 }, { name: 'retrying', count: 2 }, { name: 'done', count: 900 }, { name: 'dead_lettered', count: 5 }]), 5);
});

test('steps that stand still are named, the most urgent first', () => {
  const found = concerns(summary('order', { stalled: 5, lost: 1, failed: 2 }), graph('order', [step('a/slow', { stalled: 'backlog', stalled_by: [{ name: 'backlog', count: 4 }, { name: 'retrying', count: 1 }] }), step('b/gone', { stalled: 'no_consumer', stalled_by: [{ name: 'no_consumer', count: 3 }], oldest_waiting_ms: 9, dead_letters: 2, lost: 1 }), step('c/well', {})]));
  assert.deepEqual(found.map((c) => [c.reason, c.step, c.count]), [['no_consumer', 'b/gone', 3], ['dead_letter', 'b/gone', 2], ['lost', 'b/gone', 1], ['retrying', 'a/slow', 1], ['backlog', 'a/slow', 4]]);
});

test('without the steps, the overview is believed', () => {
  const found = concerns(summary('order', { stalled: 5, failed: 2, stalled_by: [{ name: 'no_consumer', count: 5 }] }), null);
  assert.deepEqual(found.map((c) => [c.reason, c.count, c.unit]), [['no_consumer', 5, 'instance'], ['dead_letter', 2, 'instance']]);
  assert.deepEqual(concerns(summary('order'), null), []);
});

test('one step in trouble is one concern over all workflows', () => {
  const at = (workflow: string, count: number, oldest: number | null) => concerns(summary(workflow), graph(workflow, [step('b/gone', { stalled: 'no_consumer', stalled_by: [{ name: 'no_consumer', count }], oldest_waiting_ms: oldest })]));
  const [only, ...others] = merged([...at('return', 2, null), ...at('order', 40, 7)]);
  assert.deepEqual(others, []);
  assert.deepEqual([only?.workflows, only?.count, only?.oldest], [['order', 'return'], 42, 7]);
});

test('dead letters that no step of a workflow has are not passed over', () => {
  const found = concerns(summary('order', { failed: 1 }), graph('order', [step('b/gone', { dead_letters: 2 })]));
  assert.deepEqual(unnamed(found, 5).map((c) => [c.reason, c.step, c.workflows, c.count]), [['dead_letter', null, [], 3]]);
  assert.deepEqual(unnamed(found, 2), []);
  assert.deepEqual(unnamed(concerns(summary('order', { failed: 2 }), null), 5), [], 'how many of them are counted is not known');
});

test('words that this page does not know are still words', () => {
  assert.equal(reason('moon_phase').label, 'Moon phase');
  assert.equal(reason('constructor').label, 'Constructor');
  assert.equal(stepState({ state: 'retrying', attempts: 1, due: 9_000, outage: false }, 1_000), '1 attempt failed, next in 8 s');
  assert.equal(stepState({ state: 'queued', partition: 2, ahead: 312, moving: true }, 0), '312 records ahead in partition 2, moving');
});

test('outcomes are read in every form they are told in, and anything else is none', () => {
  const two = [{ name: 'replayed', count: 2 }];
  assert.deepEqual(outcomes({ outcomes: { replayed: 2, refused: 0 } }), two);
  assert.deepEqual(outcomes({ outcomes: two }), two);
  assert.deepEqual(outcomes([{ id: 'a', outcome: 'replayed' }, { id: 'b', outcome: 'replayed' }]), two);
  assert.deepEqual(outcomes({ replayed: 2 }), two);
  const refused = { outcomes: { replayed: 0, refused: 3 }, report: { refused_for: { still_violates: 2, loop_guard: 1 } } };
  assert.deepEqual(outcomes(refused), [{ name: 'still_violates', count: 2 }, { name: 'loop_guard', count: 1 }]);
  for (const nothing of [null, 'x', 7, {}, { outcomes: null }, [null, 1]]) assert.deepEqual(outcomes(nothing), []);
  assert.deepEqual(added(two, [{ name: 'refused', count: 1 }, { name: 'replayed', count: 3 }]), [{ name: 'replayed', count: 5 }, { name: 'refused', count: 1 }]);
});

test('a group is found by what its errors have in common', () => {
  assert.equal(plainest('no shelf holds product …A any more: … left'), 'no shelf holds product');
  assert.equal(plainest('the same'), 'the same');
  assert.equal(plainest('…'), '');
});
