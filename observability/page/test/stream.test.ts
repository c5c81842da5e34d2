import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '../src/live/stream';

function heard(...pieces: string[]): [string, string][] {
  const events: [string, string][] = [];
  const lines = new Lines((name, data) => events.push([name, data]));
  for (const piece of pieces) lines.push(piece);
  return events;
}

test('events come out whole however the stream is cut', () => {
  const text = 'event: tick\ndata: {"generation":1}\n\n: a comment\n\ndata: a\ndata: b\r\n\r\n';
  const whole: [string, string][] = [
    ['tick', '{"generation":1}'],
    ['message', 'a\nb'],
  ];
  assert.deepEqual(heard(text), whole);
  assert.deepEqual(heard(...text), whole);
});

test('what has not ended is not told', () => {
  assert.deepEqual(heard('event: tick\ndata: 1\n'), []);
});

test('a line without an end is given up', () => {
  assert.throws(() => heard('x'.repeat(70_000)), /too long/);
});
