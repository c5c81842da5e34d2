// What each word of the observer means, so that nobody has to know it at three in the morning.

import type { Attempt, InstanceState, StallReason, StepState } from '../api/types';
import { plural } from './number';
import { duration } from './time';

/** The states in the order of their urgency. */
export const STATES: readonly InstanceState[] = ['failed', 'lost', 'stalled', 'running', 'completed'];

/** What each state means. */
export const STATE_MEANING: Record<InstanceState, string> = {
  failed: 'a step on the way to the end has set an event aside',
  lost: 'nobody owes it anything, and it never came to an end',
  stalled: 'it stands still',
  running: 'it goes on',
  completed: 'it came to its end',
};

/** A stall reason as a person says it, what it means, and what helps. */
export interface Reason {
  label: string;
  meaning: string;
  remedy: string;
}

/** All reasons in the order in which they want attention. */
export const REASONS: Record<StallReason, Reason> = {
  no_consumer: {
    label: 'No consumer',
    meaning: 'The step’s group has no member: nobody reads its input.',
    remedy: 'Start the service, or look why it left its group.',
  },
  not_progressing: {
    label: 'Not progressing',
    meaning: 'Records wait, and the group’s committed offset does not move.',
    remedy: 'Look at the service’s log and /ready: one record may hold its partition.',
  },
  dead_letter: {
    label: 'Dead letter',
    meaning: 'A step has set the event aside.',
    remedy: 'Read the error, mend its cause, then replay.',
  },
  lost: {
    label: 'Lost',
    meaning: 'Nobody owes anything, and no end was seen: a step swallowed the event.',
    remedy: 'Look at the last step that is done: it emitted nothing that leads on.',
  },
  retrying: {
    label: 'Retrying',
    meaning: 'The step tries again and again.',
    remedy: 'Read its last error; look at what the step depends on.',
  },
  backlog: {
    label: 'Backlog',
    meaning: 'The group moves, and events wait longer than the step’s deadline.',
    remedy: 'Add instances or concurrency, or find out why the step is slow.',
  },
  waiting_join: {
    label: 'Waiting for a branch',
    meaning: 'Another branch has not come yet.',
    remedy: 'Follow the branch that is missing.',
  },
  outbox: {
    label: 'In the outbox',
    meaning: 'Written down and never sent.',
    remedy: 'Look at the outbox relay of the emitting service.',
  },
};

/** The reason’s words, also of one that this page does not know. */
export function reason(name: string): Reason {
  const known = Object.hasOwn(REASONS, name) ? REASONS[name as StallReason] : undefined;
  return known ?? { label: plain(name), meaning: '', remedy: '' };
}

/** A `snake_case` word as words. */
export function plain(name: string): string {
  const text = name.replace(/_/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What became of an attempt, in words. */
export function attempted({ number, replays, outcome }: Attempt): string {
  const again = replays ? `replay ${replays}, ` : '';
  switch (outcome) {
    case 'failed':
      return `${again}attempt ${number} failed`;
    case 'succeeded':
      return `${again}attempt ${number} succeeded`;
    case 'outage':
      return `${again}after ${plural(number, 'attempt')} the step went into outage: what it needs was away`;
  }
}

/** What else is known of its time: when the next was due, or between which times it ended where nobody told of it apart. */
export function attemptedWhen({ at, after, before, due }: Attempt): string {
  if (at !== null) {
    if (due === undefined) return '';
    return due > at ? `, the next ${duration(due - at)} later` : ', the next at once';
  }
  const range = after !== undefined && before !== undefined ? (before > after ? ` ${duration(before - after)}` : ' the same millisecond') : '';
  return range === '' ? ', not told of apart' : `, within${range}, not told of apart`;
}

/** Where an event is at a step, in few words. */
export function stepState(state: StepState, now: number): string {
  switch (state.state) {
    case 'queued':
      return state.ahead === 0
        ? `next in partition ${state.partition}`
        : `${plural(state.ahead, 'record')} ahead in partition ${state.partition}, ${state.moving ? 'moving' : 'not moving'}`;
    case 'handling':
      return 'being handled';
    case 'retrying': {
      const tries = plural(state.attempts, 'attempt');
      const due = state.due === null ? '' : state.due > now ? `, next in ${duration(state.due - now)}` : ', next is due';
      return state.outage ? `step in outage, ${tries}${due}` : `${tries} failed${due}`;
    }
    case 'dead_lettered':
      return `set aside: ${plain(state.reason).toLowerCase()}`;
    case 'emitting':
      return 'its emits are seen, not committed yet';
    case 'done':
      return 'done';
    case 'unknown':
      return state.why || 'nothing says where it is';
    case 'skipped':
      return state.why;
    case 'not_owed':
      return 'not owed';
  }
}

/** The word for a step’s state. */
export function stepWord(state: StepState): string {
  const words: Record<StepState['state'], string> = {
    queued: 'Queued',
    handling: 'Handling',
    retrying: 'Retrying',
    dead_lettered: 'Dead letter',
    emitting: 'Emitting',
    done: 'Done',
    unknown: 'Unknown',
    skipped: 'Skipped',
    not_owed: 'Not owed',
  };
  return words[state.state] ?? plain(state.state);
}

/** The looks of a step’s state: one of the six tones of the style sheet. */
export function stepTone(state: StepState): Tone {
  switch (state.state) {
    case 'queued':
    case 'handling':
    case 'emitting':
      return 'running';
    case 'retrying':
      return 'stalled';
    case 'dead_lettered':
      return 'failed';
    case 'done':
      return 'completed';
    case 'unknown':
      return 'lost';
    default:
      return 'quiet';
  }
}

/** How something looks: a state of an instance, or nothing to speak of. */
export type Tone = InstanceState | 'quiet';
