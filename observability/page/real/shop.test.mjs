// The customers' page of the real shop in real Chromium: its services, its broker and the observer run.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../browser/chromium.mjs';
import { openShop } from './shop.mjs';

/** Of the orders some are declined and some meet an empty shelf, as the world has it; this many in a row are not. */
const MOST_ORDERS = 8;

let chromium;
let shop;
before(async () => {
  [chromium, shop] = await Promise.all([launch(), openShop()]);
});
after(() => Promise.all([chromium?.close(), shop?.close()]));

const STOCK = "Object.fromEntries([...document.querySelectorAll('#products tr')].map((row) => [row.id, row.querySelector('.stock').textContent]))";

/** Orders the first product, and answers with all that the page said of the order until it came to its end. */
async function order(tab, number) {
  await tab.click('#products button:not([aria-disabled=true])', 'Order one');
  await tab.until('the order is shown', `document.querySelectorAll('#orders li.order').length === ${number}`);
  const said = [];
  await tab.ask(`(() => {
    const order = document.querySelector('#orders li.order');
    const said = window.said = [];
    const look = () => { const now = order.querySelector('.said').textContent; if (said.at(-1) !== now) said.push(now); };
    new MutationObserver(look).observe(order, { childList: true, subtree: true, characterData: true, attributes: true });
    look();
  })()`);
  await tab.until('the order comes to its end', "document.querySelector('#orders li.order').matches('.ended, .failed') && window.said.length > 1");
  said.push(...(await tab.ask('window.said')));
  return said;
}

test('an order goes by a button from the catalogue to the door, and quantities change by themselves', async () => {
  const tab = await chromium.open(`${shop.site}/`);
  await tab.sees('#link', 'live');
  await tab.until('products with quantities', "[...document.querySelectorAll('#products .stock')].some((cell) => /^-?\\d+$/.test(cell.textContent))");
  await tab.ask('window.sameDocument = true');
  const before = await tab.ask(STOCK);

  let said = [];
  for (let number = 1; number <= MOST_ORDERS && !said.includes('It is at your door. Enjoy!'); number += 1) said = await order(tab, number);
  assert.equal(said.at(-1), 'It is at your door. Enjoy!');
  const way = ['We have your order.', 'We are holding it for you.', 'Thank you, it is paid.', 'It left our warehouse.', 'The parcel is on its way.'];
  const seen = way.filter((words) => said.includes(words));
  assert.ok(seen.length >= 3, `it was seen on its way: ${said.join(' ')}`);
  assert.deepEqual(said.filter((words) => way.includes(words)), seen, 'in the order of its way');
  assert.equal(await tab.ask("document.querySelectorAll('#orders li.order.ended .stages li.done').length >= 6"), true, 'every stage has its time');

  await tab.until('a quantity changed', `(() => { const before = ${JSON.stringify(before)}; const now = ${STOCK}; return Object.keys(before).some((id) => now[id] !== undefined && /\\d/.test(before[id]) && now[id] !== before[id]); })()`);
  assert.equal(await tab.ask('window.sameDocument'), true, 'nothing was loaded again');
  const foreign = tab.requests.filter((url) => !url.startsWith(`${shop.site}/`) && url !== 'about:blank');
  assert.deepEqual(foreign.map((url) => new URL(url).pathname), ['/live'], 'quantities are pushed: asked for once');
  assert.deepEqual(tab.complaints, []);

  const href = await tab.ask("document.querySelector('#orders li.order.ended a.watch').href");
  assert.ok(href.startsWith(`${shop.observer}/instances/`), href);
  const inside = await chromium.open(href);
  await inside.sees('.title-line .state', 'Completed');
  await inside.sees('.events', 'order.delivered.v1');
  assert.deepEqual(inside.complaints, []);
});
