// The page in real Chromium over a real observer of real steps on a real Kafka: what the stand-in cannot show, that the two
// fit together. Needs Rust, Java and Maven besides what the other tests need.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../browser/chromium.mjs';
import { observed } from './observed.mjs';

/** What a browser says where a server is away or refuses. */
const FAILED_REQUEST = 'Failed to load resource';

/** Texts that would run if they ever became markup. */
const IMAGE = '<img src=x onerror="window.ran=1">';
const SCRIPT = '<script>window.ran=2</script>';

let chromium;
let stage;
before(async () => {
  [chromium, stage] = await Promise.all([launch(), observed()]);
});
after(() => Promise.all([chromium?.close(), stage?.end()]));

/** Opens a page and gives the token, as whoever knows it does. */
async function visit(path, view) {
  const tab = await chromium.open(stage.url + path, view);
  await unlock(tab);
  return tab;
}

async function unlock(tab) {
  await tab.sees('.fresh', 'not connected');
  await tab.sees('main', 'This observer asks for a token');
  await tab.click('.unlock input');
  await tab.type(stage.token);
  await tab.press('Enter');
  await tab.until('it is unlocked', "document.querySelector('.unlock') === null && document.querySelector('main h1') !== null");
}

/** Goes to another address within the page, which keeps the token. */
const go = (tab, path) => tab.ask(`history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`);

/** The page asked its observer alone; nothing ran that came from the wire, and nothing became markup; nothing went wrong. */
async function quiet(tab) {
  assert.deepEqual(tab.requests.filter((url) => !url.startsWith(`${stage.url}/`) && url !== 'about:blank'), []);
  assert.deepEqual(tab.complaints.filter((text) => !text.startsWith(FAILED_REQUEST)), []);
  assert.equal(await tab.ask('window.ran'), undefined, 'nothing ran');
  assert.equal(await tab.ask("document.querySelectorAll('main img, main script, main iframe').length"), 0, 'text stays text');
}

const state = (tab, wanted) => tab.sees('.title-line .state', wanted);

test('without its token an observer tells nothing, and does nothing', async () => {
  const tab = await chromium.open(stage.url);
  await tab.sees('.fresh', 'not connected');
  await tab.sees('main', 'This observer asks for a token');
  const asked = (path, init) => tab.ask(`fetch(${JSON.stringify(path)}, ${JSON.stringify(init)}).then((a) => a.status)`);
  const act = (headers) => asked('/api/dead-letters/discard', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
  assert.equal(await asked('/api/overview', {}), 401);
  assert.equal(await act({ 'x-choreograph': '1' }), 401);
  assert.equal(await act({ 'x-choreograph': '1', authorization: 'Bearer no' }), 401);
  assert.equal(await act({ authorization: `Bearer ${stage.token}` }), 403, 'a page of another origin cannot set that header');
  assert.equal(await act({ 'x-choreograph': '1', authorization: `Bearer ${stage.token}` }), 422, 'who knows it is heard');
  await tab.click('.unlock input');
  await tab.type('guessed');
  await tab.press('Enter');
  await tab.sees('.unlock', 'That is not the token');
  await quiet(tab);
});

test('an order is followed from its click to its delivery while it moves', async () => {
  for (const gate of ['payment', 'warehouse', 'shipping']) await stage.close(gate);
  const tab = await visit('/instances?key=followed');
  await tab.sees('main', 'No instance fits');
  await stage.order('followed');
  await tab.click('.row', 'followed');
  await tab.ask('window.sameDocument = true');
  for (const [gate, step] of [['payment', 'payment/charge'], ['warehouse', 'warehouse/pack'], ['shipping', 'shipping/deliver']]) {
    await tab.until(`it is at ${step}`, `document.querySelector('.owed-step')?.innerText === ${JSON.stringify(step)}`);
    await state(tab, 'Running');
    await stage.open(gate);
  }
  await state(tab, 'Completed');
  await tab.sees('.events', 'order.delivered.v1');
  await tab.until('its letter is written too', "[...document.querySelectorAll('.at-step')].find((e) => e.innerText.includes('mail/thank'))?.innerText.includes('Done')");
  assert.equal(await tab.ask('window.sameDocument'), true, 'nothing was loaded again');
  await tab.click('.event-line button', 'order.placed.v1');
  await tab.click('.details button', 'Show');
  await tab.sees('.headers', 'ce_correlationid');
  await tab.sees('.headers', 'name=order;started=');
  await tab.click('.details button', 'Show');
  await tab.sees('pre.value', '{"order_id":"followed","amount":12}');
  await quiet(tab);
});

test('a dead letter is looked at, edited and handled, and what is hostile in it stays text', async () => {
  const key = `${IMAGE} & co`;
  const value = JSON.stringify({ order_id: key, amount: SCRIPT });
  await stage.order('edited', { key, value });
  const tab = await visit('/failures');
  await tab.click('.groups a', 'payment/charge');
  await tab.click('.letter-toggle', key);
  await tab.sees('ul.violations', '/amount breaks type');
  await tab.sees('.details > div:last-child', 'Value'); // once the observer has told whether it shows any
  await tab.click('.details > div:last-child button', 'Show');
  await tab.sees('pre.value', value);
  await tab.click('.details a', 'edited');
  await state(tab, 'Failed');
  await tab.sees('h1', key);
  await tab.sees('ul.violations', '/amount');
  await quiet(tab);

  await tab.click('button', 'Edit…');
  await tab.until('the value is there to be edited', `document.querySelector('dialog textarea').value === ${JSON.stringify(value)}`);
  await tab.click('dialog input');
  await tab.type('ada');
  await tab.click('dialog button', 'Dry run');
  await tab.sees('dialog .results', '1 still violates');
  await tab.click('dialog textarea');
  await tab.ask("document.querySelector('dialog textarea').select()");
  await tab.type(`{ "order_id": ${JSON.stringify(key)}, "amount": 12`);
  await tab.sees('dialog', 'This is no JSON');
  await tab.type(' }');
  await tab.click('dialog button', 'Dry run');
  await tab.sees('dialog .progress', 'Nothing was changed');
  await tab.sees('dialog .results', '1 edited');
  await tab.click('dialog button.primary', 'Send');
  await tab.sees('dialog .progress', 'Done');
  await tab.click('dialog button', 'Close');
  await state(tab, 'Completed');
  await tab.sees('.acts', 'Edited by ada');
  await tab.sees('.events', 'order.delivered.v1');
  await quiet(tab);
});

test('refused orders are replayed, by keys alone, and given up', async () => {
  await stage.order('replayed', { amount: 13 });
  await stage.order('discarded', { amount: 13, key: IMAGE });
  const tab = await visit('/');
  await tab.press('/');
  await tab.until('the search has the focus', "document.activeElement.type === 'search'");
  await tab.type('replayed');
  await tab.press('Enter');
  await state(tab, 'Failed');
  await tab.sees('.letter-error', 'the card of replayed is empty');
  await stage.open('credit');

  const focused = (text) => tab.ask(`document.activeElement.localName === 'button' && document.activeElement.innerText.includes(${JSON.stringify(text)})`);
  const tabTo = async (text) => {
    for (let i = 0; i < 60 && !(await focused(text)); i += 1) await tab.press('Tab');
    assert.ok(await focused(text), `${text} is reached by keys`);
  };
  await tabTo('Replay…');
  assert.notEqual(await tab.ask("getComputedStyle(document.activeElement).outlineStyle"), 'none', 'the focus is seen');
  await tab.press('Enter');
  await tab.until('the dialog has the focus', "document.activeElement.closest('dialog') !== null");
  for (let i = 0; i < 5 && (await tab.ask('document.activeElement.localName')) !== 'input'; i += 1) await tab.press('Tab');
  await tab.type('grace');
  await tabTo('Dry run');
  await tab.press('Enter');
  await tab.sees('dialog .results', '1 replayed');
  await tab.until('it can be replayed', "document.querySelector('dialog button.primary:not(:disabled)') !== null");
  await tabTo('Replay');
  await tab.press('Enter');
  await tab.sees('dialog .progress', 'Done');
  await tabTo('Close');
  await tab.press('Enter');
  await state(tab, 'Completed');
  await tab.sees('.acts', 'Replayed by grace');
  await stage.close('credit');

  await go(tab, '/instances/discarded');
  await tab.sees('h1', IMAGE);
  await tab.click('button', 'Discard…');
  await tab.click('dialog .field', 'Why');
  await tab.type(`the customer ${SCRIPT} went away`);
  await tab.click('dialog button.primary', 'Discard');
  await tab.sees('dialog .progress', 'Done');
  await tab.click('dialog button', 'Close');
  await tab.sees('.acts', 'Discarded by grace');
  await tab.sees('.letter', 'Settled');
  await go(tab, '/failures?reason=no_credit');
  await tab.sees('main', 'No dead letter fits');
  await quiet(tab);
});

test('records of strangers are shown as what they are', async () => {
  await stage.order('garbage', { key: SCRIPT, value: `no JSON: ${IMAGE}` });
  await stage.order('unknown', { headers: { ce_type: `${IMAGE}.v1`, ce_source: SCRIPT } });
  const tab = await visit('/failures');
  await tab.click('.letter-toggle', SCRIPT);
  await tab.sees('.details > div:last-child', 'Value'); // once the observer has told whether it shows any
  await tab.click('.details > div:last-child button', 'Show');
  await tab.sees('pre.value', `no JSON: ${IMAGE}`);
  await quiet(tab);
  for (const path of ['/', '/instances', '/contracts', '/workflows/order', '/instances/unknown', '/instances/garbage', `/where/${encodeURIComponent(SCRIPT)}`]) {
    await go(tab, path);
    await tab.until(`${path} is drawn`, "document.querySelector('main h1') !== null && document.querySelector('.skeleton') === null");
    await quiet(tab);
  }
});

/** What befell an order, and what has to be said of it: its state, the reason's words and name, the step, and part of the sentence. */
const FAULTS = [
  ['hanging-1', 'stalled', 'Not progressing', 'not_progressing', 'payment/charge', 'first in partition'],
  ['poisoned-1', 'failed', 'Dead letter', 'dead_letter', 'payment/charge', 'panic'],
  ['swallowed-1', 'lost', 'Lost', 'lost', 'payment/charge', 'it took order.placed.v1'],
  ['broken-1', 'failed', 'Dead letter', 'dead_letter', 'shipping/deliver', 'contract_violation'],
  ['stopped-1', 'stalled', 'No consumer', 'no_consumer', 'shipping/deliver', 'nobody is there'],
];

/** Longer than any step but the slow one may take. */
const SEEN_SLOW_S = 8;

test('of every fault the page names state, step and reason, as `where` does', async () => {
  for (const id of ['slow-1', 'hanging-1', 'poisoned-1', 'swallowed-1', 'broken-1']) await stage.order(id);
  const tab = await visit('/instances/broken-1');
  await state(tab, 'Failed');
  await tab.sees('ul.violations', '/weight breaks type');
  await stage.stop('shipping');
  await stage.order('stopped-1');

  for (const [id, wanted, label, reason, step, words] of FAULTS) {
    await go(tab, `/instances/${id}`);
    await tab.sees('h1', id);
    await state(tab, label === 'Dead letter' ? 'Failed' : label === 'Lost' ? 'Lost' : 'Stalled');
    await tab.sees('.frontier-why', label);
    await tab.sees('.frontier-sentence', step);
    await tab.sees('.frontier-sentence', words);
    if (wanted === 'stalled') await tab.until('what it is told by is shown', "document.querySelectorAll('.evidence[open] li').length > 0");

    const { exit, told } = await stage.where(id);
    assert.equal(exit, 1, `${id} is stuck`);
    assert.deepEqual(told.instances.map(({ summary: it }) => [it.id, it.state, it.reason, it.step]), [[id, wanted, reason, step]]);

    await go(tab, `/instances?state=${wanted}&reason=${reason}&step=${encodeURIComponent(step)}`);
    await tab.until(`${id} is listed with its like`, `[...document.querySelectorAll('.row')].some((row) => row.innerText.includes(${JSON.stringify(id)}))`);
    await go(tab, '/');
    const concern = `[...document.querySelectorAll('.concerns > *')].some((it) => it.innerText.includes(${JSON.stringify(step)}) && it.innerText.includes(${JSON.stringify(label)}))`;
    await tab.until(`${label} at ${step} is a concern`, concern);
  }

  // Slow and in time: longer there than any other step may take, and never called anything but on its way.
  await go(tab, '/instances/slow-1');
  await tab.sees('.owed-step', 'warehouse/pack');
  await tab.until('it has been there for long', `Number(/^(\\d+) s of 2 min/.exec(document.querySelector('.owed-wait').innerText)?.[1] ?? 60) >= ${SEEN_SLOW_S}`);
  await state(tab, 'Running');
  assert.equal((await stage.where('slow-1')).exit, 0, 'what is slow is not stuck');

  await stage.open('mended');
  await stage.start('shipping');
  await go(tab, '/instances/poisoned-1');
  await tab.click('button', 'Replay…');
  await tab.click('dialog input');
  await tab.type('ada');
  await tab.click('dialog button.primary', 'Replay');
  await tab.sees('dialog .progress', 'Done');
  await tab.click('dialog button', 'Close');
  for (const id of ['poisoned-1', 'hanging-1', 'slow-1', 'stopped-1']) {
    await go(tab, `/instances/${id}`);
    await tab.sees('h1', id);
    await state(tab, 'Completed');
  }
  await stage.close('mended');
  await quiet(tab);
});

test('a side step that is away is named though its orders come to their end, and leads to them', async () => {
  await stage.stop('mail');
  await stage.order('unthanked');
  const tab = await visit('/instances/unthanked');
  await state(tab, 'Completed');
  await tab.sees('.frontier', 'stuck');
  await go(tab, '/workflows/order');
  const box = "[...document.querySelectorAll('a.step-box')].find((it) => it.title.startsWith('mail/thank'))";
  await tab.until('its box says so', `${box}?.classList.contains('box-side') && ${box}.innerText.includes('No consumer')`);
  await tab.click('a.step-box', 'mail/thank');
  const row = "[...document.querySelectorAll('.row')].find((it) => it.innerText.includes('unthanked'))";
  await tab.until('the order is listed there', `${row}?.innerText.includes('Completed') && ${row}.innerText.includes('No consumer at mail/thank')`);
  await go(tab, '/');
  await tab.sees('.concerns', 'mail/thank');
  assert.equal((await stage.where('unthanked')).exit, 0, 'the order came to its end');

  await stage.start('mail');
  await go(tab, '/instances?stuck=side&key=unthanked');
  await tab.sees('main', 'No instance fits');
  await quiet(tab);
});

test('lists are filtered, and every page opens in light and dark, at a desk and on a phone', async () => {
  await stage.order('seen');
  await stage.order('spoilt', { key: `${IMAGE}${'long'.repeat(40)}`, amount: SCRIPT });
  const desk = await visit('/');
  await desk.click('.workflows a', 'order');
  await desk.until('all steps are drawn', "document.querySelectorAll('.step-box').length >= 4");
  await desk.click('a.step-box', 'payment/charge');
  await desk.sees('.chosen', 'payment/charge');
  await desk.click('.chosen a.clear');
  await desk.click('.facet a', 'Completed');
  await desk.until('completed ones alone', "location.search === '?state=completed' && [...document.querySelectorAll('.row .state')].every((s) => s.textContent === 'Completed')");
  await desk.click('.facet a', 'Completed');
  await desk.click('nav a', 'Contracts');
  await desk.sees('.contracts', 'payment.confirmed.v1');
  await quiet(desk);

  const grounds = new Set();
  for (const [width, dark] of [[1440, false], [360, false], [360, true]]) {
    const tab = await visit('/', { width, height: 740, dark });
    grounds.add(await tab.ask('getComputedStyle(document.documentElement).backgroundColor'));
    for (const path of ['/', '/workflows/order', '/instances', '/instances/seen', '/instances/spoilt', '/failures', '/contracts', '/where/nobody']) {
      await go(tab, path);
      await tab.until(`${path} is drawn`, "document.querySelector('main h1, main .empty') !== null && document.querySelector('.skeleton') === null");
      assert.equal(await tab.ask('document.documentElement.scrollWidth > document.documentElement.clientWidth'), false, `${path} at ${width}, dark ${dark}`);
    }
    await quiet(tab);
  }
  assert.equal(grounds.size, 2, 'dark is not light');
});

test('an observer that is killed is missed, and found again', async () => {
  await stage.order('kept');
  const tab = await visit('/instances/kept');
  await state(tab, 'Completed');
  await stage.killObserver();
  await tab.sees('.banner.lost', 'Not connected since');
  await tab.sees('.fresh', 'not connected');
  await state(tab, 'Completed');
  await stage.order('meanwhile');
  await stage.startObserver();
  // Unless the page has tried by itself and found it by now.
  await tab.ask("document.querySelector('.banner.lost button')?.click()");
  await tab.until('the banner is gone', "document.querySelector('.banner.lost') === null");
  await tab.sees('.fresh', 'as of');
  await state(tab, 'Completed');
  await go(tab, '/instances/meanwhile');
  await state(tab, 'Completed');
  await quiet(tab);
});
