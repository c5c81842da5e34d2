import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edge, WorkflowGraph } from '../src/api/types';
import { apart, curve, lineId, links, MOST_NODES, picture, scaleToFit, shape } from '../src/graph/layout';

const edge = (from: string | null, event_type: string, to: string | null, more: Partial<Edge> = {}): Edge => ({ from, event_type, to, seen: 10, seen_last_minute: 2, drift: null, ...more });

function graph(edges: Edge[], steps: string[] = ['a/one', 'b/two', 'c/three']): WorkflowGraph {
  return {
    as_of: { now: 0, behind_ms: 0, caught_up: true },
    name: 'order',
    steps: steps.map((step) => ({ step, owner: null, path: true, declared: true, group_state: 'stable', owing: [], lag: 0, committed_last_minute: 0, oldest_waiting_ms: null, dead_letters: 0, stalled: null, stalled_by: [], lost: 0 })),
    events: [...new Set(edges.map((e) => e.event_type))].map((event_type) => ({ event_type, topic: 't', terminal: false, external: false, outbound: false, seen: 0, seen_last_minute: 0 })),
    edges,
  };
}

const CHAIN = [edge(null, 'x.v1', 'a/one'), edge('a/one', 'y.v1', 'b/two'), edge('a/one', 'y.v1', 'c/three')];

test('what is caused stands below its cause, and no boxes overlap', () => {
  const { boxes, lines, width, height } = picture(graph(CHAIN));
  const y = (name: string) => boxes.find((box) => box.name === name)?.y ?? Number.NaN;
  assert.ok(y('x.v1') < y('a/one') && y('a/one') < y('y.v1') && y('y.v1') < y('b/two'));
  for (const a of boxes) {
    assert.ok(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= width && a.y + a.height / 2 <= height);
    for (const b of boxes) {
      if (a === b) continue;
      assert.ok(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2, `${a.name} and ${b.name}`);
    }
  }
  assert.deepEqual(lines.map((line) => line.id).sort(), ['a/one > y.v1', 'x.v1 > a/one', 'y.v1 > b/two', 'y.v1 > c/three']);
});

test('live numbers do not move the picture, a new step does', () => {
  const busy = graph(CHAIN.map((e) => ({ ...e, seen_last_minute: 900 })));
  assert.equal(shape(graph(CHAIN)), shape(busy));
  assert.notEqual(shape(graph(CHAIN)), shape(graph([...CHAIN, edge('c/three', 'z.v1', null)])));
});

test('a type with two consumers is counted once on its emitter’s line', () => {
  const flows = links(CHAIN);
  assert.equal(flows.get(lineId('a/one', 'y.v1', true))?.perMinute, 2);
  const joined = links([edge('a/one', 'y.v1', 'c/three'), edge('b/two', 'y.v1', 'c/three')]);
  assert.equal(joined.get(lineId('c/three', 'y.v1', false))?.perMinute, 4);
});

test('a line drifts only where all of it does, but for a version', () => {
  const drift = (...kinds: Edge['drift'][]) => links(kinds.map((kind, i) => edge('a/one', 'y.v1', `s/${i}`, { drift: kind }))).get('a/one > y.v1')?.drift;
  assert.equal(drift('silent', null), null);
  assert.equal(drift('silent', 'silent'), 'silent');
  assert.equal(drift('silent', 'undeclared'), 'undeclared');
  assert.equal(drift(null, 'version_skew'), 'version_skew');
});

test('circles, loops and more than can be drawn are drawn as far as they can', () => {
  const circle = picture(graph([edge('a/one', 'x.v1', 'b/two'), edge('b/two', 'y.v1', 'a/one'), edge('c/three', 'z.v1', 'c/three')]));
  assert.equal(circle.boxes.length, 6);
  const many = picture(graph([], Array.from({ length: MOST_NODES + 50 }, (_, i) => `s/${i}`)));
  assert.equal(many.boxes.length, MOST_NODES);
  assert.deepEqual(picture(graph([], [])).boxes, []);
});

test('a line that goes round the boxes is within the picture', () => {
  // The shop's orders: a refund leads back to a step far above it.
  const { lines, width } = picture(shop());
  for (const line of lines) {
    const [, ...numbers] = line.path.split(/[MQL ]/);
    const across = numbers.filter((_, i) => i % 2 === 0).map(Number);
    assert.ok(across.every((x) => x >= 0 && x <= width), `${line.id}: ${line.path}`);
  }
});

/** As the shop declares its orders, and a till beside it that nobody declared. */
function shop(): WorkflowGraph {
  const follow = ['placed', 'reserved', 'created', 'cancelled', 'out-of-stock', 'dispatched', 'shipped', 'delivered'];
  const ways: [string | null, string, string | null][] = [
    ['site', 'order.placed.v1', null], ['broken-till', 'order.placed.v1', null], [null, 'order.placed.v1', 'site/checkout'],
    ['site/checkout', 'order.reserved.v1', null], [null, 'order.reserved.v1', 'payment/charge'],
    ['payment/charge', 'payment.confirmed.v1', null], ['payment/charge', 'payment.declined.v1', null],
    [null, 'payment.confirmed.v1', 'orders/settle'], [null, 'payment.declined.v1', 'orders/settle'], [null, 'payment.refunded.v1', 'orders/settle'],
    ['orders/settle', 'order.created.v1', null], ['orders/settle', 'order.cancelled.v1', null],
    [null, 'order.created.v1', 'warehouse/dispatch'], ['warehouse/dispatch', 'order.dispatched.v1', null], ['warehouse/dispatch', 'order.out-of-stock.v1', null],
    ['warehouse/dispatch', 'stock.changed.v1', null], ['warehouse/take-back', 'stock.changed.v1', null], [null, 'stock.changed.v1', 'catalogue/show'],
    [null, 'order.out-of-stock.v1', 'payment/refund'], ['payment/refund', 'payment.refunded.v1', null],
    [null, 'order.dispatched.v1', 'shipping/ship'], ['shipping/ship', 'order.shipped.v1', null],
    [null, 'order.shipped.v1', 'carrier/deliver'], ['carrier/deliver', 'order.delivered.v1', null],
    ...follow.flatMap((name): [null, string, string][] => [[null, `order.${name}.v1`, 'mail/tell'], [null, `order.${name}.v1`, 'site/follow']]),
    ['mail/tell', 'mail.sent.v1', null],
  ];
  const steps = [...new Set(ways.flatMap(([from, , to]) => [from, to]).filter((step) => step !== null))].sort();
  return graph(ways.map(([from, type, to]) => edge(from, type, to)), steps);
}

test('a picture is shrunk a little to fit, and else scrolled', () => {
  assert.equal(scaleToFit(900, 1000, false), 1);
  assert.equal(scaleToFit(1250, 1000, false), 0.8);
  assert.equal(scaleToFit(4000, 1000, false), 0.72);
  assert.equal(scaleToFit(1250, 360, true), 1);
  assert.equal(scaleToFit(1250, 0, false), 1);
});

test('a path goes from the first point to the last', () => {
  assert.equal(curve([{ x: 0, y: 0 }, { x: 5, y: 5 }]), 'M0 0L5 5');
  assert.equal(curve([{ x: 0, y: 0 }, { x: 5, y: 5 }, { x: 10, y: 10 }]), 'M0 0Q5 5 10 10');
  assert.equal(curve([]), '');
});

test('no words beside a line cover others', () => {
  const places = [{ x: 0, y: 0 }, { x: 13, y: 2 }, { x: 26, y: 0 }, { x: 400, y: 0 }];
  const moved = apart(places);
  assert.deepEqual(moved.map(({ x }) => x), places.map(({ x }) => x), 'each stays at its line');
  assert.equal(moved[3]?.y, 0, 'what is free stays where it is');
  assert.equal(new Set(moved.slice(0, 3).map(({ y }) => y)).size, 3);
  const rates = picture(graph([edge(null, 'one.v1', 'a/one'), edge(null, 'one.v1', 'b/two')]));
  for (const { middle } of rates.lines) assert.ok(middle.x + 40 <= rates.width, 'the words are within the picture');
});
