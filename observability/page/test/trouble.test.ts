import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, InstanceSummary, Seat, StallReason, StepNode, WorkflowGraph, WorkflowSummary } from '../src/api/types';
import { plainest } from '../src/lib/error';
import { added, outcomes } from '../src/lib/outcomes';
import { concerns, inState, merged, stuckBeside, troubles, unnamed, waiting } from '../src/lib/trouble';
import { attempted, attemptedWhen, reason, stepState } from '../src/lib/words';

const step = (name: string, more: Partial<StepNode>): StepNode => ({ step: name, owner: 'A', path: true, declared: true, group_state: 'stable', owing: [], lag: 0, committed_last_minute: 0, oldest_waiting_ms: null, dead_letters: 0, stalled: null, stalled_by: [], lost: 0, ...more });
const summary = (name: string, more: Partial<WorkflowSummary> = {}): WorkflowSummary => ({ name, running: 0, completed: 0, failed: 0, given_up: 0, stalled: 0, lost: 0, stalled_by: [], side_stuck: 0, side_stuck_by: [], waiting_at: [], oldest_waiting_ms: null, started_last_minute: 0, finished_last_minute: 0, duration_ms: null, ...more });
const graph = (name: string, steps: StepNode[]): WorkflowGraph => ({ as_of: { now: 0, behind_ms: 0, caught_up: true }, name, steps, events: [], edges: [] });

test('every attempt has words, and what is known of its time', () => {
  const words = (attempt: Attempt) => attempted(attempt) + attemptedWhen(attempt);
  assert.equal(words({ number: 1, outcome: 'failed', at: 1_000, due: 1_400 }), 'attempt 1 failed, the next 400 ms later');
  assert.equal(words({ number: 1, outcome: 'failed', at: 1_000, due: 900 }), 'attempt 1 failed, the next at once');
  assert.equal(words({ number: 2, outcome: 'failed', at: null, after: 1_000, before: 1_250 }), 'attempt 2 failed, within 250 ms, not told of apart');
  assert.equal(words({ number: 2, outcome: 'failed', at: null, after: 7, before: 7 }), 'attempt 2 failed, within the same millisecond, not told of apart');
  assert.equal(words({ number: 2, outcome: 'failed', at: null, before: 7 }), 'attempt 2 failed, not told of apart');
  assert.equal(words({ number: 3, replays: 2, outcome: 'succeeded', at: 1_300 }), 'replay 2, attempt 3 succeeded');
  assert.equal(words({ number: 0, outcome: 'outage', at: 1, due: 2 }), 'after 0 attempts the step went into outage: what it needs was away, the next 1 ms later');
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

test('what is stuck at side steps wants attention, and what a person gave up does not', () => {
  const unmailed = summary('order', { completed: 9, side_stuck: 4, side_stuck_by: [{ name: 'no_consumer', count: 4 }] });
  assert.equal(troubles(unmailed), 4);
  assert.deepEqual(concerns(unmailed, null).map((c) => [c.reason, c.step, c.count]), [['no_consumer', null, 4]]);
  const mail = step('mail/tell', { path: false, stalled: 'no_consumer', stalled_by: [{ name: 'no_consumer', count: 4 }] });
  assert.deepEqual(concerns(unmailed, graph('order', [mail])).map((c) => [c.reason, c.step, c.count]), [['no_consumer', 'mail/tell', 4]]);
  const both = summary('order', { stalled: 2, stalled_by: [{ name: 'backlog', count: 2 }], side_stuck: 3, side_stuck_by: [{ name: 'backlog', count: 1 }, { name: 'dead_letter', count: 2 }] });
  assert.deepEqual(concerns(both, null).map((c) => [c.reason, c.count]), [['backlog', 2]], 'dead letters are told with their letters');
  const givenUp = summary('order', { failed: 3, given_up: 3 });
  assert.deepEqual([troubles(givenUp), inState(givenUp, 'failed'), concerns(givenUp, null)], [0, 0, []]);
  assert.equal(inState(summary('order', { failed: 3, given_up: 1 }), 'failed'), 2);
});

test('where an instance is stuck beside its sentence is told', () => {
  const at = (name: string, path: boolean, why: StallReason | null): Seat => ({ step: name, path, reason: why });
  const item = { step: 'a/slow', reason: 'backlog', steps: [at('a/slow', true, 'backlog'), at('a/slow', true, 'retrying'), at('b/waits', true, null), at('mail/tell', false, 'no_consumer')] } as InstanceSummary;
  assert.deepEqual(stuckBeside(item).map((seat) => [seat.step, seat.reason]), [['a/slow', 'retrying'], ['mail/tell', 'no_consumer']]);
});
