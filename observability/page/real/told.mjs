// Whether the page tells of each order what an oracle knows, in real Chromium:
//
//     node real/told.mjs ORACLE ANSWER
//
// ORACLE is a file with the observer's address and what has to be said of each order:
// `{ url, orders: [{ id, key, state, reason, step, words }] }`, where of each list in `words` one has to be read. To ANSWER
// it writes what was wrong, by the order's id; `{}` where all is right. It waits for nothing but that a page is drawn: what is
// drawn first has to be right.

import { readFileSync, writeFileSync } from 'node:fs';
import { launch } from '../browser/chromium.mjs';

const STATES = { running: 'Running', completed: 'Completed', failed: 'Failed', stalled: 'Stalled', lost: 'Lost' };
const REASONS = { no_consumer: 'No consumer', not_progressing: 'Not progressing', dead_letter: 'Dead letter', lost: 'Lost' };

/** Asked in the page: what a person reads there of one instance. */
const read = () => {
  const text = (selector) => document.querySelector(selector)?.innerText ?? null;
  const owed = document.querySelector('.frontier > .owing > li');
  return {
    state: text('.title-line .state'),
    why: text('.frontier-why strong'),
    sentence: text('.frontier-sentence'),
    step: owed?.querySelector('.owed-step').innerText ?? null,
    at: owed?.querySelector('.owed-head .state').innerText ?? null,
    evidence: owed?.querySelectorAll('.evidence[open] li').length ?? 0,
    letter: text('.letters .letter header'),
  };
};

const [, , oracle, answer] = process.argv;
const { url, orders } = JSON.parse(readFileSync(oracle, 'utf8'));
const chromium = await launch();
try {
  const wrong = {};
  const tab = await chromium.open(`${url}/`);
  for (const order of orders) {
    const found = await instance(tab, order);
    if (found.length > 0) wrong[order.id] = found.join('; ');
  }
  for (const alike of byVerdict(orders.filter(({ reason }) => reason !== null))) {
    const found = await list(tab, alike);
    if (found) for (const { id } of alike) wrong[id] = [wrong[id], found].filter(Boolean).join('; ');
  }
  if (tab.complaints.length > 0) throw new Error(`the page complains: ${tab.complaints.join('; ')}`);
  writeFileSync(answer, JSON.stringify(wrong));
} finally {
  await chromium.close();
}

/** Orders of which the same has to be said, together. */
function byVerdict(orders) {
  const groups = new Map();
  for (const order of orders) {
    const verdict = `${order.state} ${order.reason} ${order.step}`;
    groups.set(verdict, [...(groups.get(verdict) ?? []), order]);
  }
  return groups.values();
}

/** What the page of one order says otherwise than it has to. */
async function instance(tab, { id, key, state, reason, step, words }) {
  await tab.go(`${url}/instances/${encodeURIComponent(id)}`);
  await tab.until(`${id} is drawn`, `document.querySelector('h1')?.innerText === ${JSON.stringify(key)} && document.querySelector('.frontier') !== null`);
  const told = await tab.ask(`(${read})()`);
  const wrong = [];
  const same = (what, said, wanted) => said !== wanted && wrong.push(`${what} is ${JSON.stringify(said)} instead of ${JSON.stringify(wanted)}`);
  same('the state', told.state, STATES[state]);
  same('the reason', told.why, reason === null ? null : `${REASONS[reason]}.`);
  // The page writes a sentence's first letter large.
  const sentence = told.sentence?.toLowerCase() ?? '';
  for (const any of words) if (!any.some((word) => sentence.includes(word.toLowerCase()))) wrong.push(`the sentence is ${JSON.stringify(told.sentence)}, without ${any.join(' or ')}`);
  // What was swallowed nobody owes: the sentence alone names the step.
  const owing = state === 'failed' || state === 'stalled';
  same('what is owed first', told.step, owing ? step : null);
  same('its mark', told.at, owing ? REASONS[reason] : null);
  if (state === 'stalled' && told.evidence === 0) wrong.push('no evidence is shown');
  if (reason === 'dead_letter' && !told.letter?.includes(step)) wrong.push(`its first dead letter is ${JSON.stringify(told.letter)}`);
  return wrong;
}

/** What is wrong with the list that is asked for just these orders' state, reason and step. */
async function list(tab, orders) {
  const [{ state, reason, step }] = orders;
  await tab.go(`${url}/instances?${new URLSearchParams({ state, reason, step })}`);
  await tab.until('a list is drawn', "document.querySelector('.list')?.getAttribute('aria-busy') === 'false' && document.querySelector('.list .row, .list .empty') !== null");
  const rows = await tab.ask("[...document.querySelectorAll('.row')].map((row) => decodeURIComponent(row.pathname.split('/').at(-1)))");
  const wanted = orders.map(({ id }) => id);
  return JSON.stringify(rows.sort()) === JSON.stringify(wanted.sort()) ? null : `its list has ${rows.join(', ')}`;
}
