// A stand-in for the observer with made-up data, for looking at the page:
//
//     node dev/server.mjs [--port 4748] [--instances 100000] [--empty] [--no-actions] [--ended [--unmailed]]
//
// `--ended` shows instances that all came to their end or were given up, and an observer that sees everything; of orders that are
// `--unmailed` a side step is stuck.
//
// `/dev/answer?path=/api/overview&status=500` has it refuse that question from then on, with `status=hang` never answer it, and
// with `status=` answer it again.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { detail, ended, graph, headers, instance, letter, walk } from './data.mjs';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '4748' }, instances: { type: 'string', default: '100000' }, empty: { type: 'boolean' }, ended: { type: 'boolean' }, unmailed: { type: 'boolean' }, 'no-actions': { type: 'boolean' } },
});
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const count = options.empty ? 0 : Number(options.instances);
const born = Date.now();
const shown = (i) => (options.ended ? ended(i, instance(i, count, born), options.unmailed) : instance(i, count, born));
const items = Array.from({ length: count }, (_, i) => shown(i));
let generation = 1;
const replayed = new Set();
/** Which questions are refused, and with which status. */
const refused = new Map();

setInterval(() => {
  generation += 1;
  const now = Date.now();
  if (items[0]) walk(items[0], now);
  // A few go on with every turn.
  for (let i = 0; i < Math.min(20, items.length); i += 1) {
    const item = items[Math.floor(Math.random() * Math.min(60, items.length))];
    if (item.state === 'running') item.updated = now;
  }
}, 1000);

const asOf = () => ({ now: Date.now(), behind_ms: 300 + (Date.now() % 1700), caught_up: true });
const counts = (list, pick) => {
  const sums = new Map();
  for (const item of list) for (const name of new Set([pick(item)].flat())) if (name) sums.set(name, (sums.get(name) ?? 0) + 1);
  return [...sums].map(([name, n]) => ({ name, count: n })).sort((a, b) => b.count - a.count);
};

function instances(query) {
  const q = (name) => query.get(name);
  const at = (item) => item.steps.filter(({ step, path, reason }) => (!q('step') || step === q('step')) && (!q('reason') || reason === q('reason')) && (!q('stuck') || (reason !== null && (q('stuck') === 'any' || path === (q('stuck') === 'path')))));
  const stuck = (list, path) => list.filter((item) => at(item).some((seat) => seat.path === path && seat.reason !== null)).length;
  const fits = items.filter(
    (item) =>
      (!q('workflow') || item.workflow === q('workflow')) && (!q('state') || q('state').split(',').includes(item.state)) && ((!q('step') && !q('reason') && !q('stuck')) || at(item).length > 0) &&
      (!q('attempt') || item.attempts >= Number(q('attempt'))) && (!q('error') || (item.error ?? '').includes(q('error'))) && (!q('key') || item.key === q('key')) && (!q('older') || Date.now() - item.started > Number(q('older'))),
  );
  return { ...page(fits, query), by_state: counts(fits, (item) => item.state), by_reason: counts(fits, (item) => at(item).map(({ reason }) => reason)), by_step: counts(fits, (item) => at(item).map(({ step }) => step)), stuck: stuck(fits, true), side_stuck: stuck(fits, false) };
}

function page(fits, query) {
  const from = Number(query.get('cursor') ?? 0);
  const to = from + Math.min(500, Number(query.get('limit') ?? 100));
  return { as_of: asOf(), items: fits.slice(from, to), total: fits.length, next: to < fits.length ? String(to) : null };
}

function overview() {
  const names = [...new Set(items.map((item) => item.workflow))].sort();
  const now = Date.now();
  return {
    as_of: asOf(), dead_letters_open: items.filter((item) => item.dead_letters > 0 && !replayed.has(item.id)).length, events: count * 9, instances: count, unreadable: 17,
    problems: count === 0 || options.ended ? [] : ['the topic `returns` is declared and does not exist', 'the broker does not tell the state of the group `statistics.count`'],
    workflows: names.map((name) => {
      const mine = items.filter((item) => item.workflow === name);
      const of = (state) => mine.filter((item) => item.state === state);
      const waiting = mine.filter((item) => item.state !== 'completed');
      const side = mine.map((item) => item.steps.filter(({ path, reason }) => !path && reason !== null)).filter((seats) => seats.length > 0);
      return {
        name, running: of('running').length, completed: of('completed').length, failed: of('failed').length, stalled: of('stalled').length, lost: of('lost').length, given_up: of('failed').filter((item) => item.reason === null).length,
        side_stuck: side.length, side_stuck_by: counts(side, (seats) => seats.map(({ reason }) => reason)),
        stalled_by: counts(of('stalled'), (item) => item.reason), waiting_at: counts(waiting, (item) => item.steps.map(({ step }) => step)),
        oldest_waiting_ms: waiting.length > 0 ? now - Math.min(...waiting.map((item) => item.updated)) : null,
        started_last_minute: mine.filter((item) => item.started > born - 60_000).length, finished_last_minute: mine.filter((item) => item.finished > born - 60_000).length, duration_ms: [21_400, 78_200],
      };
    }),
  };
}

function failures(query) {
  const all = items.filter((item) => item.dead_letters > 0).map(letter).filter((l) => !replayed.has(l.instance));
  const fits = all.filter((l) => (!query.get('step') || l.step === query.get('step')) && (!query.get('reason') || l.reason === query.get('reason')) && (!query.get('error') || l.error.includes(query.get('error'))));
  const groups = new Map();
  for (const l of fits) {
    const key = `${l.step}|${l.reason}|${l.error}`;
    const group = groups.get(key) ?? { step: l.step, reason: l.reason, error: l.error, open: 0, oldest: l.failed_at, newest: l.failed_at };
    group.open += 1;
    group.oldest = Math.min(group.oldest, l.failed_at);
    group.newest = Math.max(group.newest, l.failed_at);
    groups.set(key, group);
  }
  return { ...page(fits, query), groups: [...groups.values()].sort((a, b) => b.open - a.open) };
}

function contracts() {
  const { events, steps: _ } = graph('order', [], Date.now());
  const edges = graph('order', [], Date.now()).edges;
  return {
    as_of: asOf(),
    types: events.map(({ event_type, topic }) => ({
      event_type, topic, consumers: edges.filter((edge) => edge.event_type === event_type && edge.to).map((edge) => edge.to),
      versions: [{ version: '1.0', declared_by: edges.filter((edge) => edge.event_type === event_type && edge.from).map((edge) => edge.from), seen: 48_000, last_seen: Date.now() - 4000 }, ...(event_type === 'stock.changed.v1' ? [{ version: '1.1', declared_by: [], seen: 12, last_seen: Date.now() - 400_000 }] : [])],
    })),
  };
}

const drifts = () => ({
  as_of: asOf(), window_ms: 86_400_000,
  drifts: [
    { kind: 'silent', from: 'orders/settle', event_type: 'order.cancelled.v1', to: null, contract_version: null, sentence: 'orders/settle declares order.cancelled.v1, and none was seen for 24 h' },
    { kind: 'undeclared', from: null, event_type: 'order.created.v1', to: 'legacy/audit', contract_version: null, sentence: 'legacy/audit reads order.created.v1, and no manifest says so' },
    { kind: 'version_skew', from: 'warehouse/dispatch', event_type: 'stock.changed.v1', to: null, contract_version: '1.1', sentence: 'stock.changed.v1 was seen 12 times in version 1.1, which nobody declares' },
  ],
});

function where(text) {
  // A key that more instances have than one answer holds.
  if (text === 'one-key-for-many') return { as_of: asOf(), items: items.slice(0, 50), total: 1000, next: null, by_state: [], by_reason: [], by_step: [], stuck: 0, side_stuck: 0 };
  const found = items.filter((item) => item.id === text || item.key === text || item.keys.includes(text));
  return { ...page(found, new URLSearchParams()), by_state: [], by_reason: [], by_step: [], stuck: 0, side_stuck: 0 };
}

async function api(path, query, request) {
  const [, , kind, ...rest] = path.split('/');
  const name = decodeURIComponent(rest.join('/'));
  if (kind === 'overview') return overview();
  if (kind === 'workflows') return items.some((item) => item.workflow === name) ? { as_of: asOf(), ...graph(name, items, Date.now()) } : null;
  if (kind === 'instances' && name === '') return instances(query);
  if (kind === 'instances' && rest[1] === 'events' && rest[3] === 'headers') return headers(decodeURIComponent(rest[2]));
  if (kind === 'dead-letters' && rest[1] === 'headers') return headers(decodeURIComponent(rest[0]));
  if (kind === 'instances') {
    const summary = items.find((item) => item.id === name);
    if (!summary) return null;
    const all = detail(summary, Date.now());
    return { as_of: asOf(), ...all, dead_letters: all.dead_letters.map((it) => ({ ...it, open: it.open && !replayed.has(it.instance) })) };
  }
  if (kind === 'where') return where(name);
  if (kind === 'failures') return failures(query);
  if (kind === 'contracts') return count === 0 ? { as_of: asOf(), types: [] } : contracts();
  if (kind === 'drift') return count === 0 ? { ...drifts(), drifts: [] } : drifts();
  if (kind === 'abilities') return { payloads: false, actions: !options['no-actions'] };
  if (/^\/api\/dead-letters\/(replay|edit|discard)$/.test(path) && request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { letters, dry_run: dry } = JSON.parse(text);
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (!dry) for (const { id } of letters) replayed.add(id.slice(3));
    return { outcomes: { [{ replay: 'replayed', edit: 'edited', discard: 'discarded' }[name]]: letters.length - Math.floor(letters.length / 10), still_violating: Math.floor(letters.length / 10) } };
  }
  return null;
}

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  response.setHeader('content-security-policy', policy);
  if (url.pathname === '/dev/answer') {
    refused.set(url.searchParams.get('path'), url.searchParams.get('status'));
    response.end();
    return;
  }
  if (url.pathname === '/dev/move') {
    const [item] = items.splice(items.findIndex(({ key }) => key === url.searchParams.get('key')), 1);
    items.splice(Number(url.searchParams.get('to')), 0, item);
    generation += 1;
    response.end();
    return;
  }
  const status = refused.get(url.pathname);
  if (status === 'hang') return;
  if (status) {
    response.writeHead(Number(status), { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: `refused with ${status}` }));
    return;
  }
  if (url.pathname === '/api/live') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const tell = () => response.write(`event: tick\ndata: ${JSON.stringify({ as_of: asOf(), generation })}\n\n`);
    tell();
    const timer = setInterval(tell, 1000);
    request.on('close', () => clearInterval(timer));
    return;
  }
  if (url.pathname.startsWith('/api/')) {
    const started = performance.now();
    const answer = await api(url.pathname, url.searchParams, request);
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json', 'server-timing': `made;dur=${performance.now() - started}` });
    response.end(JSON.stringify(answer ?? { error: 'nobody knows it' }));
    return;
  }
  const file = extname(url.pathname) ? join(dist, normalize(url.pathname)) : join(dist, 'index.html');
  try {
    const bytes = await readFile(file);
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' });
    response.end(bytes);
  } catch {
    response.writeHead(404);
    response.end();
  }
}).listen(Number(options.port), '127.0.0.1', function listening() {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
