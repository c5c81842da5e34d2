// The page where something is the matter: an observer that refuses, that was started anew, that takes its time; and what a
// screen reader is told meanwhile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { standIn } from './stand-in.mjs';

let chromium;
before(async () => {
  chromium = await launch();
});
after(() => chromium?.close());

async function withInstances(count, run, ...options) {
  const server = await standIn('--instances', String(count), ...options);
  try {
    await run(server);
  } finally {
    await server.end();
  }
}

/** Begins to act on the first dead letter that is listed. */
async function replayFirst(tab) {
  await tab.click('.letter-row button', 'Replay');
  await tab.sees('dialog h2', 'dead letter');
  await tab.click('dialog input');
  await tab.type('ada');
  await tab.click('dialog button.primary');
}

test('what is replayed goes from a list of which more was shown', () =>
  withInstances(60_000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/failures`);
    await tab.click('button', 'Show more');
    await tab.until('a second page', "document.querySelectorAll('.letter-rows > li').length > 200");
    const first = await tab.ask("document.querySelector('.letter-key').textContent");
    await replayFirst(tab);
    await tab.sees('dialog .progress', 'Done');
    await tab.click('dialog button', 'Close');
    await tab.until('it is gone', `![...document.querySelectorAll('.letter-key')].some((key) => key.textContent === ${JSON.stringify(first)})`);
    await tab.click('button', 'Show more');
    await tab.until('a second page again', "document.querySelectorAll('.letter-rows > li').length > 200");
    await tab.click('button.held', 'something newer');
    await tab.until('the newest alone', "document.querySelectorAll('.letter-rows > li').length === 200");
  }));

test('above an older answer stands why there is no newer one', () =>
  withInstances(300, async ({ origin, refuse }) => {
    const tab = await chromium.open(`${origin}/`);
    const id = await tab.ask("fetch('/api/instances?limit=1').then((a) => a.json()).then((a) => a.items[0].id)");
    for (const [path, asked, drawn] of [
      ['/', '/api/overview', '.facts'],
      ['/workflows/order', '/api/workflows/order', '.step-box'],
      ['/contracts', '/api/contracts', '.contracts'],
      ['/contracts', '/api/drift', '.drifts'],
      ['/failures', '/api/failures', '.total'],
      ['/where/one-key-for-many', '/api/where/one-key-for-many', '.row'],
      [`/instances/${id}`, `/api/instances/${id}`, '.frontier-sentence'],
    ]) {
      await tab.go(origin + path);
      await tab.until(`${path} is drawn`, `document.querySelector(${JSON.stringify(drawn)}) !== null`);
      await refuse(asked, '500');
      await tab.sees('main .trouble', 'refused with 500');
      await tab.sees('.fresh', 'as of');
      await refuse(asked);
      await tab.until(`the trouble with ${asked} is over`, "document.querySelector('main .trouble') === null");
    }
    await refuse(`/api/instances/${id}`, '404');
    await tab.sees('main .trouble', 'knows the instance');
    await tab.sees('main .trouble', 'no more');
    await tab.sees('.frontier-sentence', '');
  }));

test('of what came to its end or was given up nothing is stuck', () =>
  withInstances(1_000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/`);
    await tab.sees('.empty', 'Nothing is stuck');
    await tab.until('who was given up has not failed', "[...document.querySelectorAll('.figures a')].every((it) => /^(Failed|Lost|Stalled|Stuck at side steps|Dead letters open|Running)\\s+0$/.test(it.innerText.trim()))");
    await tab.click('nav a', 'Instances');
    await tab.click('a.button', 'Only what is stuck');
    await tab.sees('.chosen', 'at any step');
    await tab.sees('.empty', 'No instance fits');
    await tab.go(`${origin}/instances?state=failed`);
    await tab.sees('.row', 'discarded by mara');
  }, '--ended'));

test('a side step that is stuck is told though every order came to its end, and leads to those orders', () =>
  withInstances(1_000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/`);
    await tab.sees('.concerns', 'mail/tell');
    await tab.sees('.concerns', 'No consumer');
    assert.equal(await tab.ask("document.body.innerText.includes('Nothing is stuck')"), false);
    await tab.click('.figures a', 'Stuck at side steps');
    await tab.sees('.chosen', 'at a side step');
    const rows = "[...document.querySelectorAll('.row')]";
    const unmailed = `${rows}.length > 0 && ${rows}.every((row) => row.innerText.includes('Completed') && row.innerText.includes('No consumer at mail/tell'))`;
    await tab.until('each of them is told to wait for its mail', unmailed);
    await tab.go(`${origin}/workflows/order`);
    const box = "[...document.querySelectorAll('a.step-box')].find((it) => it.title.startsWith('mail/tell'))";
    await tab.until('its box says so', `${box}?.innerText.includes('No consumer') && ${box}.classList.contains('box-side') && ${box}.classList.contains('edge-stalled')`);
    await tab.until('its row says so', "[...document.querySelectorAll('.steps tr.side')].some((row) => row.innerText.includes('mail/') && row.innerText.includes('No consumer'))");
    await tab.click('a.step-box', 'mail/tell');
    await tab.until('its list is asked for', "location.search === '?workflow=order&step=mail%2Ftell'");
    await tab.until('and is not empty', unmailed);
    await tab.click('.row', 'Completed');
    await tab.sees('.frontier', 'of them stuck');
  }, '--ended', '--unmailed'));

test('an observer that takes no more pages says so', () =>
  withInstances(300, async ({ origin, refuse }) => {
    await refuse('/api/live', '503');
    const tab = await chromium.open(`${origin}/`);
    await tab.sees('.banner.lost', 'The observer says: refused with 503.');
    await refuse('/api/live');
    await tab.click('.banner.lost button');
    await tab.sees('.banner.back', 'Connected again');
  }));

test('what an observer offers is asked again when it is back', () =>
  withInstances(4000, async ({ origin, refuse, end, begin }) => {
    await refuse('/api/abilities', '500');
    const tab = await chromium.open(`${origin}/failures`);
    await tab.sees('main', 'choreograph dlq replay');
    await end();
    await tab.sees('.banner.lost', 'Not connected since');
    await begin();
    await tab.click('.banner button', 'Try now');
    await tab.sees('.letter-row', 'Replay…');
  }));

test('whoever stops is told what may still be done', () =>
  withInstances(4000, async ({ origin, refuse }) => {
    const tab = await chromium.open(`${origin}/failures`);
    await refuse('/api/dead-letters/replay', 'hang');
    await replayFirst(tab);
    await tab.click('dialog button', 'Stop');
    await tab.sees('dialog .progress', 'may still be carried out');
  }));

test('a key of more instances than one answer holds leads to all of them', () =>
  withInstances(300, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/where/one-key-for-many`);
    await tab.sees('.lead', 'The newest 50');
    await tab.click('.lead a');
    await tab.until('all of them', "location.pathname + location.search === '/instances?key=one-key-for-many'");
  }));

test('each attempt between two looks has a line of its own, and so has the one that succeeded', () =>
  withInstances(4000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/instances?state=completed`);
    await tab.click('.row');
    await tab.sees('.attempts', 'attempt 1 failed');
    const lines = await tab.ask("[...document.querySelectorAll('.attempts li')].map((line) => line.textContent)");
    assert.deepEqual(lines.map((line) => /attempt \d \w+/.exec(line)[0]), ['attempt 1 failed', 'attempt 2 failed', 'attempt 3 failed', 'attempt 4 succeeded']);
    assert.match(lines[1], /within 137 ms, not told of apart$/);
  }));

test('every attempt that failed and the headers of an event are shown, and what others wrote there is not', () =>
  withInstances(4000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/instances?reason=retrying`);
    await tab.click('.row');
    await tab.until('five at most at first', "[3, 4, 5].includes(document.querySelectorAll('.attempts time').length)");
    await tab.ask("document.querySelector('.attempts button')?.click()");
    await tab.sees('.attempts', 'attempt 2 failed');
    await tab.sees('.attempts', 'the step went into outage');
    await tab.click('.event-name');
    await tab.click('.events .details button', 'Show');
    await tab.sees('.headers', 'name=order;started=');
    await tab.sees('.headers', '47 bytes, not shown');
    assert.equal(await tab.ask("document.querySelectorAll('main img').length"), 0, 'a name from the wire stays text');
  }));

test('a trace leads to where it is kept, wherever it is named', () =>
  withInstances(4000, async ({ origin }) => {
    const tab = await chromium.open(`${origin}/instances?state=failed`);
    await tab.click('.row');
    await tab.sees('.letters', 'Lies at');
    await tab.click('.event-name');
    const [letter, event, replay] = await Promise.all(['.letters .details', '.events .details', '.traces li:last-child'].map((part) => linked(tab, part)));
    assert.equal(new Set([letter, event, replay]).size, 3, 'the attempt that failed and the operator have traces of their own');
    await tab.sees('.traces li:last-child', 'replay by mara <img');
    await tab.go(`${origin}/failures`);
    await tab.click('.letter-toggle');
    await linked(tab, '.details');
  }));

/** Waits for a link to a trace that the text beside it names, and answers with its address. */
async function linked(tab, part) {
  const link = `document.querySelector('${part} a[href^="https://traces.example/trace/"]')`;
  const { href, rel, beside } = await tab.until(`a link in ${part}`, `(() => { const a = ${link}; return a && { href: a.href, rel: a.rel, beside: a.parentElement.textContent }; })()`);
  assert.equal(rel, 'noopener noreferrer');
  assert.ok(beside.includes(href.split('/').pop()), `${beside} names what ${href} leads to`);
  return href;
}

test('a reader who listens is told of what they did, not of every second', () =>
  withInstances(4000, async ({ origin, end }) => {
    const announced = "[...document.querySelectorAll('main [aria-live], main [role=status]')].map((e) => e.textContent).join('')";
    const tab = await chromium.open(`${origin}/instances`);
    await tab.sees('.total', 'instances');
    assert.equal(await tab.ask(announced), '', 'nothing was done yet');
    await tab.click('.facet a', 'Failed');
    await tab.until('how many those are', `/^\\d+ instances?$/.test(${announced})`);
    await end();
    await tab.sees('.banner.lost', 'Not connected since');
    const alarm = await tab.ask("(() => { const a = document.querySelector('.banner.lost').cloneNode(true); a.querySelectorAll('[aria-hidden], button').forEach((e) => e.remove()); return a.textContent.trim(); })()");
    assert.match(alarm, /^Not connected since [\d:.apm ]+\s*\. What you see is the last answer\.$/i);
  }));
