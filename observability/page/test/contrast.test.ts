import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync('src/styles/base.css', 'utf8');
const dark = css.indexOf('prefers-color-scheme: dark');

/** The colours of a part of the style sheet, by name. */
function colours(part: string): Map<string, string> {
  return new Map([...part.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value]));
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (low + 0.05);
}

const STATES = ['failed', 'lost', 'stalled', 'running', 'completed', 'quiet'];

for (const [scheme, palette] of [
  ['light', colours(css.slice(0, dark))],
  ['dark', colours(css.slice(dark))],
] as const) {
  const colour = (name: string) => palette.get(name) ?? assert.fail(`no colour --${name}`);

  test(`text reaches AA in ${scheme}`, () => {
    const grounds = ['paper', 'surface', 'hover', 'sunk'];
    const pairs: [string, string][] = ['ink', 'muted', 'accent', ...STATES].flatMap((text) => grounds.map((ground): [string, string] => [text, ground]));
    for (const state of STATES) pairs.push([state, `${state}-soft`], ['ink', `${state}-soft`], ['muted', `${state}-soft`]);
    pairs.push(['on-accent', 'accent'], ['failed', 'stalled-soft']);
    for (const [text, ground] of pairs) {
      const ratio = contrast(colour(text), colour(ground));
      assert.ok(ratio >= 4.5, `--${text} on --${ground}: ${ratio.toFixed(2)}`);
    }
  });

  test(`what tells states apart reaches 3 to 1 in ${scheme}`, () => {
    for (const state of ['failed', 'lost', 'running']) {
      const ratio = contrast(colour(`${state}-fill`), colour('surface'));
      assert.ok(ratio >= 3, `--${state}-fill: ${ratio.toFixed(2)}`);
    }
  });
}
