// How long it takes from a click on a filter until its rows are painted, over 100,000 instances of a real observer, and how long
// `choreograph where` takes beside it:
//
//     npm run measure [-- --instances 100000]
//
// Prints a table; it asserts nothing. The program is built in release.

import { parseArgs } from 'node:util';
import { launch } from '../browser/chromium.mjs';
import { observed } from './observed.mjs';

const { values } = parseArgs({ options: { instances: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '15' }, debug: { type: 'boolean' } } });
const instances = Number(values.instances);
const rounds = Number(values.rounds);

/** What is clicked on or typed, by its name. */
const FILTERS = {
  'state: failed': '/instances?state=failed',
  'state: completed': '/instances?state=completed',
  'only what is stuck': '/instances?stuck=any',
  'step that owes': '/instances?step=payment%2Fcharge',
  'reason: dead letter': '/instances?reason=dead_letter',
  'error contains': '/instances?error=card',
  'business key': '/instances?key=many-4711',
  'older than a minute': '/instances?older=1m',
  'all of them': '/instances',
};

const [chromium, stage] = await Promise.all([launch(), observed({ release: !values.debug })]);
try {
  const began = Date.now();
  await stage.place(instances);
  const tab = await chromium.open(`${stage.url}/instances`);
  await tab.sees('.fresh', 'not connected');
  await tab.sees('main', 'This observer asks for a token');
  await tab.click('.unlock input');
  await tab.type(stage.token);
  await tab.press('Enter');
  const patience = Date.now() + 900_000;
  const asked = (path) => tab.ask(`fetch(${JSON.stringify(path)}, { headers: { authorization: 'Bearer ${stage.token}' } }).then((a) => a.json())`);
  for (;;) {
    const { total, by_state } = await asked('/api/instances?limit=1');
    const running = by_state.find(({ name }) => name === 'running')?.count ?? 0;
    if (total >= instances && running === 0) break;
    if (Date.now() > patience) throw new Error(`${total} instances are known, ${running} still run`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  console.log(`${instances} orders came to their end and were read within ${((Date.now() - began) / 1000).toFixed(0)} s`);
  console.log('filter               to painted rows, ms: median   p95   slowest   of which the observer: median   rows in all');
  const paths = Object.entries(FILTERS);
  const times = new Map(paths.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, path] of paths) times.get(name).push(await painted(tab, path));
  }
  for (const [name] of paths) {
    const all = times.get(name);
    const of = (pick) => all.map(pick).sort((a, b) => a - b);
    const total = of(({ ms }) => ms);
    const at = (list, share) => list[Math.min(list.length - 1, Math.floor(list.length * share))].toFixed(0);
    console.log(`${name.padEnd(40)} ${at(total, 0.5).padStart(6)} ${at(total, 0.95).padStart(5)} ${at(total, 1).padStart(9)} ${at(of(({ server }) => server), 0.5).padStart(31)} ${String(all[0].total).padStart(13)}`);
  }
  const asks = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await stage.where(`many-${(round * 7919) % instances}`);
    asks.push(performance.now() - start);
  }
  asks.sort((a, b) => a - b);
  console.log(`choreograph where, from its start to its end: median ${asks[Math.floor(rounds / 2)].toFixed(0)} ms, slowest ${asks.at(-1).toFixed(0)} ms of ${rounds}`);
} finally {
  await Promise.all([chromium.close(), stage.end()]);
}

/** Goes to a filter as a click on its link does, and waits until the list is that of the filter, and painted. */
function painted(tab, path) {
  return tab.ask(`(async () => {
    performance.clearResourceTimings();
    const began = performance.now();
    history.pushState(null, '', ${JSON.stringify(path)});
    dispatchEvent(new PopStateEvent('popstate'));
    const stale = () => document.querySelector('.list')?.getAttribute('aria-busy') !== 'false' || document.querySelector('.title-line .total').innerText.trim() === '';
    // First the page has to notice.
    await new Promise(requestAnimationFrame);
    while (stale()) await new Promise(requestAnimationFrame);
    // The frame with the rows is painted before the next begins.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    const ms = performance.now() - began;
    const asked = performance.getEntriesByType('resource').find((e) => e.name.includes('/api/instances'));
    const total = document.querySelector('.title-line .total').innerText.replace(/\\D/g, '');
    return { ms, server: asked ? asked.responseStart - asked.requestStart : 0, total };
  })()`);
}
