// The JSON of the observer's HTTP interface: a mirror of `observability/observer/src/answer`.
// Times are milliseconds since the Unix epoch.

/** How far the observer has read. */
export interface AsOf {
  now: number;
  behind_ms: number;
  caught_up: boolean;
}

/** Something changed. */
export interface Tick {
  as_of: AsOf;
  generation: number;
}

/** One value of a filter, and how many instances it would leave. */
export interface Count {
  name: string;
  count: number;
}

/** `GET /api/overview` */
export interface Overview {
  as_of: AsOf;
  workflows: WorkflowSummary[];
  dead_letters_open: number;
  events: number;
  instances: number;
  unreadable: number;
  problems: string[];
}

export interface WorkflowSummary {
  name: string;
  running: number;
  completed: number;
  failed: number;
  /** Those of the failed ones that a person gave up. */
  given_up: number;
  stalled: number;
  lost: number;
  stalled_by: Count[];
  /** Instances of which a side step is stuck, whatever their state. */
  side_stuck: number;
  side_stuck_by: Count[];
  waiting_at: Count[];
  oldest_waiting_ms: number | null;
  started_last_minute: number;
  finished_last_minute: number;
  duration_ms: [number, number] | null;
}

/** `GET /api/workflows/NAME` */
export interface WorkflowGraph {
  as_of: AsOf;
  name: string;
  steps: StepNode[];
  events: EventNode[];
  edges: Edge[];
}

export interface StepNode {
  step: string;
  owner: string | null;
  path: boolean;
  declared: boolean;
  group_state: string;
  owing: Count[];
  lag: number;
  committed_last_minute: number;
  oldest_waiting_ms: number | null;
  dead_letters: number;
  stalled: StallReason | null;
  /** Instances that stand still here, by reason. */
  stalled_by: Count[];
  /** Instances of which it swallowed an event. */
  lost: number;
}

export interface EventNode {
  event_type: string;
  topic: string;
  terminal: boolean;
  external: boolean;
  outbound: boolean;
  seen: number;
  seen_last_minute: number;
}

export interface Edge {
  from: string | null;
  event_type: string;
  to: string | null;
  seen: number;
  seen_last_minute: number;
  drift: DriftKind | null;
}

export type DriftKind = 'silent' | 'undeclared' | 'version_skew';

/** `GET /api/drift` */
export interface Drifts {
  as_of: AsOf;
  window_ms: number;
  drifts: Drift[];
  /** How many more there are. */
  left_off: number;
}

export interface Drift {
  kind: DriftKind;
  from: string | null;
  event_type: string;
  to: string | null;
  contract_version: string | null;
  sentence: string;
}

export type InstanceState = 'failed' | 'lost' | 'stalled' | 'completed' | 'running';

export type StallReason =
  | 'no_consumer'
  | 'not_progressing'
  | 'backlog'
  | 'retrying'
  | 'dead_letter'
  | 'waiting_join'
  | 'outbox'
  | 'lost';

/** `GET /api/instances` and `GET /api/where/TEXT` */
export interface Instances {
  as_of: AsOf;
  items: InstanceSummary[];
  total: number;
  next: string | null;
  by_state: Count[];
  by_reason: Count[];
  by_step: Count[];
  /** The fitting ones that are stuck on their way: at the step that is asked for, else at any. */
  stuck: number;
  /** The fitting ones of which a side step is stuck, whatever their state. */
  side_stuck: number;
}

/** A step that owes an instance something, or has failed it. */
export interface Seat {
  step: string;
  path: boolean;
  /** Why the instance stands still there; `null` where it does not, and where a person gave it up. */
  reason: StallReason | null;
}

export interface InstanceSummary {
  id: string;
  workflow: string;
  key: string | null;
  /** Further business keys by which it is found. */
  keys: string[];
  state: InstanceState;
  reason: StallReason | null;
  step: string | null;
  /** Every step that owes it something or has failed it, side steps too. */
  steps: Seat[];
  sentence: string;
  attempts: number;
  error: string | null;
  started: number;
  updated: number;
  finished: number | null;
  events: number;
  dead_letters: number;
}

/** `GET /api/instances/ID` */
export interface Instance {
  as_of: AsOf;
  summary: InstanceSummary;
  frontier: Owing[];
  events: InstanceEvent[];
  dead_letters: DeadLetter[];
  traces: Trace[];
}

export interface Owing {
  event: string;
  event_type: string;
  step: string;
  path: boolean;
  state: StepState;
  since: number;
  deadline_ms: number;
  stalled: StallReason | null;
  sentence: string;
  evidence: string[];
}

export type StepState =
  | { state: 'queued'; partition: number; ahead: number; moving: boolean }
  | { state: 'handling' }
  | { state: 'retrying'; attempts: number; due: number | null; outage: boolean }
  | { state: 'dead_lettered'; reason: string }
  | { state: 'emitting' }
  | { state: 'done'; at: number | null }
  | { state: 'unknown'; why: string }
  | { state: 'skipped'; why: string }
  | { state: 'not_owed' };

export interface InstanceEvent {
  id: string;
  event_type: string;
  source: string | null;
  causation: string | null;
  hops: number;
  at: number;
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  contract_version: string | null;
  trace: string | null;
  span: string | null;
  duplicates: number;
  steps: AtStep[];
}

export interface AtStep {
  step: string;
  path: boolean;
  state: StepState;
  /** The attempts, the oldest first; absent where one was enough. */
  attempts?: Attempt[];
  /** Attempts before them that are left out. */
  attempts_left_out?: number;
}

export interface Attempt {
  /** Counted from 1, and anew for each replay; of an outage, how many were spent before it. */
  number: number;
  /** How often the record was replayed before; absent for never. */
  replays?: number;
  outcome: 'failed' | 'outage' | 'succeeded';
  /** `null` where it was not told of apart: then it ended after `after` and before `before`, where these are known. */
  at: number | null;
  after?: number;
  before?: number;
  due?: number;
}

/** `GET /api/instances/ID/events/EVENT/headers` and `GET /api/dead-letters/ID/headers` */
export interface RawHeader {
  name: string;
  /** Absent where it is withheld, or is no text. */
  value: string | null;
  bytes: number | null;
}

export interface Trace {
  id: string;
  from: number;
  to: number;
  events: number;
  url: string | null;
  /** The operator who replayed a dead letter in it. */
  replayed_by?: string;
}

/** `GET /api/failures` */
export interface Failures {
  as_of: AsOf;
  groups: FailureGroup[];
  items: DeadLetter[];
  total: number;
  next: string | null;
}

export interface FailureGroup {
  step: string;
  reason: string;
  error: string;
  open: number;
  oldest: number;
  newest: number;
}

export interface DeadLetter {
  id: string;
  step: string;
  instance: string | null;
  event: string | null;
  event_type: string | null;
  key: string | null;
  reason: string;
  error: string;
  violations: unknown;
  contract: string | null;
  failed_at: number;
  attempts: number;
  replays: number;
  topic: string;
  partition: number;
  offset: number;
  origin: string | null;
  trace: string | null;
  trace_url: string | null;
  open: boolean;
  actions: Replay[];
}

export interface Replay {
  id: string;
  action: string;
  by: string;
  at: number;
}

/** `GET /api/contracts` */
export interface Contracts {
  as_of: AsOf;
  types: ContractUse[];
}

export interface ContractUse {
  event_type: string;
  topic: string;
  versions: VersionUse[];
  consumers: string[];
}

export interface VersionUse {
  version: string;
  declared_by: string[];
  seen: number;
  last_seen: number | null;
}

/** `GET /api/abilities` */
export interface Abilities {
  /** Whether values of events may be shown. */
  payloads: boolean;
  /** Whether operators may act on dead letters. */
  actions: boolean;
}

/** The place of a dead letter. */
export type LetterPlace = Pick<DeadLetter, 'id' | 'topic' | 'partition' | 'offset'>;

/** What can be done with dead letters. */
export type ActionKind = 'replay' | 'edit' | 'discard';

/** The body of `POST /api/dead-letters/replay` and its like; an edit carries the new `value` besides. */
export interface ActionRequest {
  letters: LetterPlace[];
  /** Who asks for it. */
  actor: string;
  dry_run: boolean;
  /** Why, of a discard. */
  because?: string;
}
