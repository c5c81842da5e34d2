import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causalRows, type Caused, MOST_RAILS } from '../src/lib/tree';
import { OVERSCAN, visibleRows } from '../src/lib/window';

const event = (id: string, causation: string | null, at: number): Caused => ({ id, causation, at });
const drawn = (events: Caused[]) => causalRows(events).map(({ event: { id }, depth, last, orphan }) => `${'.'.repeat(depth)}${id}${last ? '!' : ''}${orphan ? '?' : ''}`);

test('causes stand above effects, siblings by time', () => {
  assert.deepEqual(drawn([event('d', 'b', 40), event('c', 'a', 30), event('b', 'a', 20), event('a', null, 10)]), ['a!', '.b', '..d!', '.c!']);
});

test('a line goes on beside what is below an earlier sibling', () => {
  const rails = causalRows([event('a', null, 1), event('b', 'a', 2), event('d', 'b', 3), event('c', 'a', 4)]).map((row) => row.rails);
  assert.deepEqual(rails, [[], [false], [false, true], [false]]);
});

test('an event whose cause is not there is a root that says so', () => {
  assert.deepEqual(drawn([event('a', 'gone', 1), event('b', 'a', 2)]), ['a!?', '.b!']);
});

test('circles and events that cause themselves are drawn once', () => {
  assert.deepEqual(drawn([event('a', 'a', 1)]), ['a!']);
  const circle = causalRows([event('a', 'b', 1), event('b', 'a', 2), event('c', 'b', 3)]);
  assert.deepEqual(circle.map((row) => row.event.id).sort(), ['a', 'b', 'c']);
});

test('a chain of ten thousand takes neither the stack nor a square of memory', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => event(String(i), i === 0 ? null : String(i - 1), i));
  const rows = causalRows(chain);
  assert.equal(rows.length, 10_000);
  assert.equal(rows.at(-1)?.depth, 9_999);
  assert.ok(rows.every((row) => row.rails.length <= MOST_RAILS));
});

test('only the rows that are seen are drawn', () => {
  assert.deepEqual(visibleRows(100_000, 50, 0, 500), { from: 0, to: 11 + OVERSCAN });
  const deep = visibleRows(100_000, 50, 2_500_000, 500);
  assert.deepEqual(deep, { from: 50_000 - OVERSCAN, to: 50_011 + OVERSCAN });
  assert.deepEqual(visibleRows(3, 50, 0, 500), { from: 0, to: 3 });
  assert.deepEqual(visibleRows(0, 50, 900, 500), { from: 0, to: 0 });
  assert.equal(visibleRows(100, 50, -400, 500).from, 0, 'the list begins below the top of the view');
  assert.equal(visibleRows(100, 50, 99_999, 500).to, 100, 'scrolled beyond the end');
});
