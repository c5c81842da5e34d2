import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff } from '../src/lib/backoff';
import { count, plural, short } from '../src/lib/number';
import { ago, duration, exact, parseDuration, shortDuration } from '../src/lib/time';

const MIN = 60_000;
const HOUR = 60 * MIN;

test('durations are told in at most two units', () => {
  const told: [number, string][] = [
    [-5, '0 s'],
    [Number.NaN, '0 s'],
    [0, '0 s'],
    [850, '850 ms'],
    [999.4, '999 ms'],
    [1000, '1 s'],
    [1290, '1.2 s'],
    [9_999, '9.9 s'],
    [10_000, '10 s'],
    [59_999, '59 s'],
    [4 * MIN, '4 min'],
    [4 * MIN + 12_000, '4 min 12 s'],
    [59 * MIN + 59_999, '59 min'],
    [HOUR + 12 * MIN, '1 h 12 min'],
    [24 * HOUR, '1 d'],
    [76 * HOUR, '3 d 4 h'],
  ];
  for (const [ms, text] of told) assert.equal(duration(ms), text, String(ms));
  assert.equal(shortDuration(76 * HOUR), '3 d');
  assert.equal(shortDuration(250), '250 ms');
});

test('moments are told from now', () => {
  assert.equal(ago(1_000, 1_500), 'just now');
  assert.equal(ago(1_000, 5 * MIN), '4 min ago');
  assert.equal(ago(9_000, 1_000), 'in 8 s');
});

test('an exact time has date, milliseconds and zone', () => {
  assert.equal(exact(Date.UTC(2026, 0, 2, 22, 4, 5, 6)), '2026-01-03 03:34:05.006 UTC+05:30');
  assert.equal(exact(Number.NaN), 'no time');
});

test('durations are read as they are written', () => {
  const read: [string, number | null][] = [
    ['90s', 90_000],
    ['4 min', 4 * MIN],
    ['4m', 4 * MIN],
    ['1H', HOUR],
    ['2d', 48 * HOUR],
    ['250', 250],
    ['', null],
    ['-4m', null],
    ['4 weeks', null],
  ];
  for (const [text, ms] of read) assert.equal(parseDuration(text), ms, text);
});

test('counts are short where there is no room', () => {
  const told: [number, string][] = [
    [0, '0'],
    [999, '999'],
    [1000, '1k'],
    [1240, '1.2k'],
    [9_960, '10k'],
    [48_400, '48k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [3_400_000, '3.4M'],
  ];
  for (const [value, text] of told) assert.equal(short(value), text, String(value));
  assert.equal(count(1234567), '1\u202f234\u202f567');
  assert.equal(plural(1, 'event'), '1 event');
  assert.equal(plural(2000, 'event'), '2\u202f000 events');
});

test('the pause between attempts doubles up to its cap', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 99].map((n) => backoff(n, 0.5)), [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  assert.equal(backoff(0, 0), 800);
  assert.equal(backoff(0, 1), 1200);
});
