// Made-up instances for looking at the page: every state, every reason, long and hostile texts. Deterministic.

const HOSTILE = '<img src=x onerror=alert(1)>';
const LONG = `KEY-${'0123456789-'.repeat(24)}END`;

/** Steps of the workflows: name, owner, what it consumes, what it emits, whether it leads to an end. */
export const STEPS = [
  ['site/checkout', 'Shop front', ['order.placed.v1'], ['order.reserved.v1'], true],
  ['payment/charge', 'Payments', ['order.reserved.v1'], ['payment.confirmed.v1', 'payment.declined.v1'], true],
  ['orders/settle', 'Orders', ['payment.confirmed.v1', 'payment.declined.v1', 'payment.refunded.v1'], ['order.created.v1', 'order.cancelled.v1'], true],
  ['warehouse/dispatch', 'Warehouse', ['order.created.v1'], ['order.dispatched.v1', 'stock.changed.v1', 'order.out-of-stock.v1'], true],
  ['payment/refund', 'Payments', ['order.out-of-stock.v1'], ['payment.refunded.v1'], true],
  ['shipping/ship', 'Logistics', ['order.dispatched.v1'], ['order.shipped.v1'], true],
  ['carrier/deliver', 'Logistics', ['order.shipped.v1'], ['order.delivered.v1'], true],
  ['mail/tell', 'Messages', ['order.created.v1', 'order.dispatched.v1', 'order.shipped.v1', 'order.delivered.v1', 'order.cancelled.v1'], ['mail.sent.v1'], false],
  ['catalogue/show', 'Shop front', ['stock.changed.v1'], [], false],
];
const PATH = STEPS.filter((step) => step[4] && step[0] !== 'payment/refund').map((step) => step[0]);
const TOPIC = (type) => (type.startsWith('order') ? 'orders' : type.split('.')[0]);
const TERMINAL = new Set(['order.delivered.v1', 'order.cancelled.v1']);

export const REASONS = ['no_consumer', 'not_progressing', 'backlog', 'retrying', 'dead_letter', 'waiting_join', 'outbox'];
const TROUBLE = {
  'payment/charge': 'retrying',
  'warehouse/dispatch': 'not_progressing',
  'shipping/ship': 'no_consumer',
  'carrier/deliver': 'backlog',
  'orders/settle': 'waiting_join',
  'site/checkout': 'outbox',
};
const ERRORS = [
  'the gateway answered 503: upstream connect error or disconnect/reset before headers',
  `the value breaks its contract: /lines/0/quantity must be at least 1, and 2 more ${HOSTILE}`,
  'no shelf holds product 85123A any more',
];

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const hex = (n, digits) => n.toString(16).padStart(digits, '0').slice(-digits);
export const idOf = (i) => `01930f2a-${hex(i >>> 16, 4)}-7${hex(i & 0xfff, 3)}-9${hex(i >>> 4, 3)}-${hex(Math.imul(i, 2654435761) >>> 0, 12)}`;

/** Instance `i` of `n`: state, step and times, before anything moves. */
export function instance(i, n, now) {
  const chance = random(i * 7919 + 13);
  const age = Math.floor((i / n) * 26 * 3_600_000 + chance() * 5_000);
  const draw = chance();
  const workflow = chance() < 0.82 ? 'order' : chance() < 0.8 ? 'return' : 'customer';
  let state = 'completed';
  if (age < 40_000) state = 'running';
  else if (draw < 0.0009) state = 'lost';
  else if (draw < 0.006) state = 'failed';
  else if (draw < 0.03) state = 'stalled';
  else if (draw < 0.05) state = 'running';
  let at = Math.floor(chance() * PATH.length);
  if (state === 'failed') at = [1, 3, 0][Math.floor(chance() * 3)];
  if (i === 0) at = 0;
  const step = i === 0 ? PATH[0] : state === 'completed' ? null : state === 'lost' ? null : PATH[at];
  const reason = state === 'stalled' ? TROUBLE[step] : state === 'failed' ? 'dead_letter' : state === 'lost' ? 'lost' : null;
  const started = now - age;
  const took = 2_000 + Math.floor(chance() * chance() * 90_000);
  const error = state === 'failed' ? ERRORS[{ 0: 0, 1: 1, 3: 2 }[at]] : reason === 'retrying' ? ERRORS[0] : null;
  const updated = state === 'completed' ? Math.min(now, started + took) : Math.min(now - 500, started + Math.floor(took * 0.6));
  const key = i === 1 ? `${HOSTILE} \u202Egnirts desrever` : i === 2 ? LONG : `order-${536365 + (n - i)}`;
  const attempts = reason === 'retrying' ? 3 + Math.floor(chance() * 5) : state === 'failed' ? 5 : 1;
  const events = state === 'completed' ? 9 : at + 1;
  return {
    id: idOf(i), workflow, key, keys: i === 3 ? ['C536379', `parcel ${HOSTILE}`] : [], state, reason, step, at,
    sentence: sentence(state, reason, step, now - updated, chance),
    attempts, error, started, updated, finished: state === 'completed' ? updated : null, events,
    dead_letters: state === 'failed' ? 1 : 0,
    steps: step === null ? [] : [{ step, path: true, reason }],
  };
}

/** Every how many instances one was given up by a person. */
export const GIVEN_UP = 50;

/** The same instance after its end; given up, or mailed by nobody. */
export function ended(i, summary, unmailed) {
  const over = { ...summary, reason: null, step: null, error: null, attempts: 1, events: 9, dead_letters: 0, steps: [], at: PATH.length };
  if (i % GIVEN_UP === 0) {
    const step = 'payment/charge';
    return { ...over, state: 'failed', step, at: 1, steps: [{ step, path: true, reason: null }], finished: null, sentence: `set aside by ${step}, discarded by mara` };
  }
  const steps = unmailed && summary.workflow === 'order' ? [{ step: 'mail/tell', path: false, reason: 'no_consumer' }] : [];
  return { ...over, state: 'completed', finished: summary.updated, sentence: 'came to its end', steps };
}

/** The first instance goes from step to step, one a call, until it is delivered. */
export function walk(summary, now) {
  if (summary.state === 'completed') return;
  summary.at = Math.min(summary.at + 1, PATH.length);
  summary.updated = now;
  summary.events = summary.at + 1;
  summary.step = PATH[summary.at] ?? null;
  summary.steps = summary.step === null ? [] : [{ step: summary.step, path: true, reason: null }];
  summary.sentence = `at ${summary.step} for less than a second: being handled`;
  if (summary.step === null) Object.assign(summary, { state: 'completed', finished: now, sentence: 'delivered by carrier/deliver' });
}

function words(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function sentence(state, reason, step, waited, chance) {
  const ahead = Math.floor(chance() * 400);
  const partition = Math.floor(chance() * 6);
  switch (reason) {
    case 'no_consumer':
      return `waiting ${words(waited)} at ${step}: its group has no member`;
    case 'not_progressing':
      return `waiting ${words(waited)} at ${step}: ${ahead} ahead of it in partition ${partition}, not moving`;
    case 'backlog':
      return `waiting ${words(waited)} at ${step}: ${ahead} ahead of it in partition ${partition}, moving`;
    case 'retrying':
      return `retrying at ${step} for ${words(waited)}, the next attempt is due in 8 s`;
    case 'dead_letter':
      return `set aside by ${step} ${words(waited)} ago: contract violation`;
    case 'waiting_join':
      return `waiting ${words(waited)} at ${step} for the branch of warehouse/dispatch`;
    case 'outbox':
      return `written down by ${step} ${words(waited)} ago and never sent`;
    case 'lost':
      return 'orders/settle is done with payment.confirmed.v1 and emitted nothing that leads on';
    default:
      return state === 'completed' ? 'delivered by carrier/deliver' : `${waited < 2000 ? 'being handled' : 'queued'} at ${step}: ${ahead % 9} ahead of it in partition ${partition}, moving`;
  }
}

/** The event that the n-th path step consumes. */
const INPUT = ['order.placed.v1', 'order.reserved.v1', 'payment.confirmed.v1', 'order.created.v1', 'order.dispatched.v1', 'order.shipped.v1', 'order.delivered.v1'];

/** All that the page of one instance shows. */
export function detail(summary, now) {
  const chance = random(summary.started >>> 0);
  const traces = [hex(summary.started, 8).repeat(4), hex(summary.started + 1, 8).repeat(4)];
  const events = [];
  const stuck = summary.steps.filter(({ path, reason }) => !path && reason !== null);
  const stop = summary.state === 'completed' ? 7 : summary.state === 'lost' ? 3 : summary.at + 1;
  const done = (at) => ({ state: 'done', at });
  const stretch = (summary.updated - summary.started) / Math.max(1, stop);
  for (let n = 0; n < stop; n += 1) {
    const at = Math.floor(summary.started + n * stretch);
    const last = n === stop - 1;
    const end = Math.floor(at + stretch * 0.9);
    const steps = [];
    for (const [step, , consumes, , path] of STEPS) {
      if (!consumes.includes(INPUT[n])) continue;
      const here = path && last && summary.state !== 'completed' && summary.state !== 'lost';
      const tried = here && summary.reason === 'retrying' ? waiting(at, summary.attempts) : n === 1 && path && !here ? quick(at, 4) : [];
      steps.push({ step, path, state: here ? owed(summary, now) : done(path ? end : at + 400), attempts: tried });
    }
    events.push({
      id: `${summary.id.slice(0, 30)}${hex(n, 6)}`, event_type: INPUT[n], source: n === 0 ? null : PATH[n - 1], causation: n === 0 ? null : `${summary.id.slice(0, 30)}${hex(n - 1, 6)}`,
      hops: n, at, topic: TOPIC(INPUT[n]), partition: n % 6, offset: 81_234 + n, key: summary.key, contract_version: n === 3 ? '1.3' : '1.0',
      trace: traces[n > 3 ? 1 : 0], span: hex(summary.started + n, 16), duplicates: n === 2 ? 1 : 0, steps,
    });
    if (n >= 3) {
      events.push({
        id: `${summary.id.slice(0, 29)}m${hex(n, 6)}`, event_type: n === 3 ? 'stock.changed.v1' : 'mail.sent.v1', source: n === 3 ? 'warehouse/dispatch' : 'mail/tell', causation: `${summary.id.slice(0, 30)}${hex(n, 6)}`,
        hops: n + 1, at: at + 600, topic: 'mail', partition: 0, offset: 400 + n, key: summary.key, contract_version: '1.0', trace: traces[1], span: hex(n, 16), duplicates: 0,
        steps: n === 3 ? [{ step: 'catalogue/show', path: false, state: { state: 'queued', partition: 1, ahead: 3, moving: true } }] : [],
      });
    }
  }
  const owes = summary.state === 'completed' || summary.state === 'lost' ? [] : [frontier(summary, events, now)];
  if (stop > 3 && owes.length > 0) owes.push({ ...frontier(summary, events, now), event: 'x', event_type: 'stock.changed.v1', step: 'catalogue/show', path: false, state: { state: 'queued', partition: 1, ahead: 3, moving: true }, since: now - 1200, stalled: null, sentence: 'waiting at catalogue/show: 3 ahead of it in partition 1, moving', evidence: ['group catalogue.show committed offset 812 of stock/1 at this moment'] });
  return {
    summary, frontier: summary.state === 'completed' ? stuck.map((seat) => atSide(seat, summary, events)) : owes, events,
    dead_letters: summary.dead_letters > 0 ? [letter(summary)] : chance() < 0.02 ? [{ ...letter(summary), open: false }] : [],
    traces: [
      ...traces.slice(0, stop > 4 ? 2 : 1).map((id, n) => ({ id, from: summary.started + n * 1000, to: summary.updated, events: 4, url: n === 0 ? TRACES + id : null })),
      ...(summary.dead_letters > 0 ? [replayed(summary)] : []),
    ],
  };
}

/** The trace of an operator who replayed the dead letter before. */
function replayed(summary) {
  const id = hex(summary.started + 3, 8).repeat(4);
  return { id, from: summary.updated, to: summary.updated, events: 0, url: TRACES + id, replayed_by: `mara ${HOSTILE}` };
}

/** The headers of an event: ours, and one of a stranger. */
export function headers(event) {
  return [
    { name: 'ce_id', value: event, bytes: event.length },
    { name: 'ce_type', value: 'order.placed.v1', bytes: 15 },
    { name: 'wf', value: 'name=order;started=1700000000000;hops=0', bytes: 39 },
    { name: `x-${HOSTILE}`, value: null, bytes: 47 },
  ];
}

/** Attempts that were told of one by one, with an outage among them. */
function waiting(at, count) {
  return Array.from({ length: count }, (_, i) => ({ number: i + 1, outcome: i === 2 ? 'outage' : 'failed', at: at + 700 + i * 900, due: at + 700 + i * 900 + 300 * 2 ** i }));
}

/** Attempts of which all but the first and the last were between two looks. */
function quick(at, count) {
  const [after, before] = [at + 3, at + 140];
  const between = Array.from({ length: count - 2 }, (_, i) => ({ number: i + 2, outcome: 'failed', at: null, after, before }));
  return [{ number: 1, outcome: 'failed', at: after }, ...between, { number: count, outcome: 'succeeded', at: before }];
}

function owed(summary, now) {
  switch (summary.reason) {
    case 'retrying':
      return { state: 'retrying', attempts: summary.attempts, due: now + 8_000, outage: false };
    case 'dead_letter':
      return { state: 'dead_lettered', reason: 'contract_violation' };
    case 'not_progressing':
      return { state: 'queued', partition: 2, ahead: 312, moving: false };
    case null:
      return { state: 'handling' };
    default:
      return { state: 'queued', partition: 2, ahead: 312, moving: true };
  }
}

function frontier(summary, events, now) {
  const event = events.findLast((e) => e.source !== 'mail/tell' && e.event_type !== 'stock.changed.v1') ?? events[0];
  return {
    event: event.id, event_type: event.event_type, step: summary.step, path: true, state: owed(summary, now), since: summary.updated, deadline_ms: 30_000,
    stalled: summary.reason, sentence: summary.sentence,
    evidence: [
      `${event.event_type} lies at ${event.topic}/${event.partition}/${event.offset}`,
      `group ${summary.step.replace('/', '.')} committed offset ${event.offset - 312} of ${event.topic}/${event.partition}; it has not moved for 4 min`,
      summary.reason === 'no_consumer' ? 'the broker says that the group is empty' : 'the broker says that the group is stable, 3 members',
    ],
  };
}

/** What a side step owes an instance that came to its end. */
function atSide({ step, path, reason }, summary, events) {
  const event = events.findLast(({ event_type }) => TERMINAL.has(event_type)) ?? events[0];
  return {
    event: event.id, event_type: event.event_type, step, path, state: { state: 'queued', partition: 0, ahead: 3, moving: false }, since: summary.updated, deadline_ms: 30_000,
    stalled: reason, sentence: `waiting at ${step}: nobody is there`, evidence: [`the broker says that the group of ${step} is empty`],
  };
}

/** So many violations of a contract. */
function violations(count) {
  const total = { instance_path: '/total', schema_path: '/properties/total/type', keyword: 'type' };
  const line = (n) => ({ instance_path: `/lines/${n}/quantity`, schema_path: '/$defs/Line/properties/quantity/minimum', keyword: 'minimum' });
  return [...Array.from({ length: count - 1 }, (_, n) => line(n)), total];
}

/** Where traces are kept. */
const TRACES = 'https://traces.example/trace/';

/** The trace of the attempt that failed: one of its own after a replay. */
const attempted = (summary) => hex(summary.started + 2, 8).repeat(4);

/** The dead letter of a failed instance. */
export function letter(summary) {
  const step = summary.step ?? 'mail/tell';
  return {
    id: `dl-${summary.id}`, step, instance: summary.id, event: `${summary.id.slice(0, 30)}000001`, event_type: 'order.reserved.v1', key: summary.key, reason: step === 'payment/charge' ? 'contract_violation' : step === 'site/checkout' ? 'retries_exhausted' : 'rejected',
    error: summary.error ?? ERRORS[2],
    violations: step === 'payment/charge' ? violations(summary.started % 2 === 0 ? 120 : 2) : null,
    contract: 'order.reserved/1.0', failed_at: summary.updated, attempts: 5, replays: summary.started % 3 === 0 ? 1 : 0, topic: `${step.replace('/', '.')}.dlq`, partition: 0, offset: summary.started % 10_000,
    origin: 'orders/2/81235', trace: attempted(summary), trace_url: TRACES + attempted(summary), open: true,
    actions: summary.started % 3 === 0 ? [{ id: '01930f2b-aaaa-7000-8000-000000000001', action: 'replayed', by: 'mara@example.org', at: summary.updated + 60_000 }] : [],
  };
}

/** The picture of a workflow, with drift of every kind. */
export function graph(name, items, now) {
  const mine = items.filter((item) => item.workflow === name);
  const at = new Map();
  for (const item of mine) for (const { step } of item.steps) at.set(step, [...(at.get(step) ?? []), item]);
  const steps = STEPS.map(([step, owner, , , path], n) => {
    const here = at.get(step) ?? [];
    const why = (item) => item.steps.find((seat) => seat.step === step).reason;
    const reasons = here.map(why).filter((reason) => reason !== null && reason !== 'dead_letter' && reason !== 'lost');
    return {
      step, owner, path, declared: true, group_state: reasons[0] === 'no_consumer' ? 'empty' : 'stable',
      owing: [{ name: 'queued', count: here.filter((item) => item.state !== 'failed').length }, { name: 'done', count: 40_000 + n }],
      lag: here.length * 2, committed_last_minute: reasons[0] === 'not_progressing' || reasons[0] === 'no_consumer' ? 0 : 1200 - n * 31,
      oldest_waiting_ms: here.length > 0 ? now - Math.min(...here.map((item) => item.updated)) : null,
      dead_letters: here.filter((item) => why(item) === 'dead_letter').length, stalled: reasons[0] ?? null,
      stalled_by: [...new Set(reasons)].map((name) => ({ name, count: reasons.filter((reason) => reason === name).length })), lost: 0,
    };
  });
  steps.push({ step: 'broken-till', owner: null, path: false, declared: false, group_state: 'unknown', owing: [], lag: 0, committed_last_minute: 0, oldest_waiting_ms: null, dead_letters: 0, stalled: null, stalled_by: [], lost: 0 });
  steps.push({ step: 'legacy/audit', owner: null, path: false, declared: false, group_state: 'unknown', owing: [], lag: 0, committed_last_minute: 3, oldest_waiting_ms: null, dead_letters: 0, stalled: null, stalled_by: [], lost: 0 });
  const types = new Set(STEPS.flatMap((step) => [...step[2], ...step[3]]));
  const rate = (type) => 1200 - [...types].indexOf(type) * 37;
  const events = [...types].map((type) => ({ event_type: type, topic: TOPIC(type), terminal: TERMINAL.has(type), external: type === 'order.placed.v1', outbound: type === 'order.delivered.v1', seen: 48_000, seen_last_minute: rate(type) }));
  const edges = [];
  for (const [step, , consumes, emits] of STEPS) {
    for (const type of consumes) {
      const silent = type === 'order.cancelled.v1';
      edges.push({ from: null, event_type: type, to: step, seen: silent ? 0 : 48_000, seen_last_minute: silent ? 0 : rate(type), drift: silent ? 'silent' : null });
    }
    for (const type of emits) {
      const silent = type === 'order.cancelled.v1';
      edges.push({ from: step, event_type: type, to: null, seen: silent ? 0 : 48_000, seen_last_minute: silent ? 0 : rate(type), drift: silent ? 'silent' : type === 'stock.changed.v1' ? 'version_skew' : null });
    }
  }
  edges.push({ from: 'shop', event_type: 'order.placed.v1', to: null, seen: 48_000, seen_last_minute: rate('order.placed.v1'), drift: null });
  edges.push({ from: 'broken-till', event_type: 'order.placed.v1', to: null, seen: 9, seen_last_minute: 2, drift: 'undeclared' });
  edges.push({ from: null, event_type: 'order.created.v1', to: 'legacy/audit', seen: 120, seen_last_minute: 3, drift: 'undeclared' });
  return { name, steps, events, edges };
}
