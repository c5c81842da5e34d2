// Who goes by keys alone: where the focus is once what had it has vanished. Nothing here is clicked on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { standIn } from './stand-in.mjs';

/** The most steps of Tab from one place to another. */
const MOST_STEPS = 80;

let chromium;
let server;
before(async () => {
  [chromium, server] = await Promise.all([launch(), standIn('--instances', '4000')]);
});
after(() => Promise.all([chromium?.close(), server?.end()]));

const focused = (tab) => tab.ask('document.activeElement.innerText ?? document.activeElement.localName');
const within = (selector) => `document.activeElement.closest(${JSON.stringify(selector)}) !== null`;

/** Goes by Tab until the first line of what has the focus is `name`, or `name` and how many. */
async function tabTo(tab, name) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await tab.press('Tab');
    if ((await focused(tab)).split('\n')[0].replace(/ \d+$/, '').trim() === name) return;
  }
  assert.fail(`${name} is not reached by Tab, from ${await focused(tab)}`);
}

/** An instance with an open dead letter. */
async function failed(tab) {
  await tab.until('it answers', 'document.readyState === "complete"');
  return tab.ask("fetch('/api/failures?reason=contract_violation&limit=1').then((a) => a.json()).then((a) => a.items[0].instance)");
}

/** Replays by keys what the button with the focus replays. */
async function replay(tab) {
  await tab.press('Enter');
  await tab.until('the dialog has the focus', within('dialog'));
  while ((await tab.ask('document.activeElement.localName')) !== 'input') await tab.press('Tab');
  await tab.ask('document.activeElement.select()');
  await tab.type('ada');
  await tabTo(tab, 'Dry run');
  await tab.press('Enter');
  await tab.sees('dialog .progress', 'Nothing was changed');
  assert.equal(await tab.ask(within('dialog .buttons')), true, 'the focus stayed where the buttons are');
  await tabTo(tab, 'Replay');
  await tab.press('Enter');
  await tab.sees('dialog .progress', 'Done');
  assert.equal(await tab.ask(within('dialog .buttons')), true, 'the focus stayed where the buttons are');
  await tabTo(tab, 'Close');
}

test('what was asked to be shown has the focus in its place', async () => {
  const tab = await chromium.open(`${server.origin}/`);
  await tab.go(`${server.origin}/instances/${encodeURIComponent(await failed(tab))}`);
  await tab.sees('.letter .details', 'Headers');
  await tabTo(tab, 'Show');
  await tab.press('Enter');
  await tab.until('they have the focus', "document.activeElement.localName === 'dd' && document.activeElement.querySelector(':scope > .headers') !== null");
  assert.notEqual(await tab.ask('getComputedStyle(document.activeElement).outlineStyle'), 'none', 'it is seen');
  await tab.press('Tab');
  assert.equal(await tab.ask("document.activeElement.compareDocumentPosition(document.querySelector('.letter .headers')) === Node.DOCUMENT_POSITION_PRECEDING"), true, 'Tab goes on from there');
  assert.equal(await tab.ask("document.querySelector('.letter dd[tabindex]')"), null, 'and it is no stop any more');
  assert.deepEqual(tab.complaints, []);
});

test('of a dead letter that was replayed the focus stays at it', async () => {
  const tab = await chromium.open(`${server.origin}/`);
  await tab.go(`${server.origin}/instances/${encodeURIComponent(await failed(tab))}`);
  await tab.sees('.letter', 'Open');
  await tabTo(tab, 'Replay…');
  await replay(tab);
  await tab.sees('.letter', 'Settled');
  await tab.press('Enter');
  await tab.until('the dialog is closed', "document.querySelector('dialog') === null");
  assert.equal(await tab.ask(within('.letter')), true, `it has gone to ${await focused(tab)}`);
  assert.deepEqual(tab.complaints, []);
});

test('of a row that leaves its list the focus goes to the one in its place, and of the last to the page', async () => {
  const tab = await chromium.open(`${server.origin}/failures?reason=contract_violation`);
  const keys = "[...document.querySelectorAll('.letter-rows > li .letter-key')].map((key) => key.innerText.split('\\n')[0])";
  await tab.sees('.letter-rows', 'Replay');
  const [, first, second] = await tab.ask(keys);
  await tabTo(tab, first);
  await tabTo(tab, 'Replay…');
  await replay(tab);
  await tab.until('the row is gone', `!${keys}.includes(${JSON.stringify(first)})`);
  await tab.press('Enter');
  await tab.until('the dialog is closed', "document.querySelector('dialog') === null");
  assert.ok((await focused(tab)).startsWith(second), `it has gone to ${await focused(tab)}`);

  await tab.ask("document.querySelector('.letter-rows').closest('section').querySelector('button').focus()");
  await replay(tab);
  await tab.sees('main', 'No dead letter fits');
  await tab.press('Enter');
  await tab.until('the dialog is closed', "document.querySelector('dialog') === null");
  assert.equal(await tab.ask('document.activeElement.id'), 'main');
  assert.deepEqual(tab.complaints, []);
});
