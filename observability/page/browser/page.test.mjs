// The page in real Chromium: every page opened, lists filtered by mouse and keys, an instance found, dead letters
// replayed, the observer lost and found again. Each test ends with whom the page asked and what went wrong in it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { standIn } from './stand-in.mjs';

/** What a browser says where a server is away or does not know something. */
const FAILED_REQUEST = 'Failed to load resource';

let chromium;
before(async () => {
  chromium = await launch();
});
after(() => chromium?.close());

/** The page asked nobody but its observer, and nothing went wrong but requests, where `lonely` says that some had to. */
function quiet(tab, origin, lonely = false) {
  assert.deepEqual(tab.requests.filter((url) => !url.startsWith(`${origin}/`) && url !== 'about:blank'), []);
  assert.ok(tab.requests.length > 0, 'requests are heard');
  assert.deepEqual(tab.complaints.filter((text) => !(lonely && text.startsWith(FAILED_REQUEST))), []);
}

async function with100000(run) {
  const server = await standIn('--instances', '100000');
  try {
    await run(server);
  } finally {
    await server.end();
  }
}

test('every page opens, and lists of 100,000 are filtered', () =>
  with100000(async ({ origin }) => {
    const tab = await chromium.open(`${origin}/`);
    await tab.sees('.concerns', 'shipping/ship');
    await tab.sees('.concerns', 'No consumer');
    await tab.sees('.problems', 'returns');
    await tab.sees('.fresh', 'as of');

    await tab.click('.workflows a', 'order');
    await tab.sees('h1', 'order');
    await tab.until('all is drawn', "document.querySelectorAll('.step-box').length >= 9 && document.querySelectorAll('path.line').length >= 25");
    const kinds = await tab.ask("[...new Set([...document.querySelectorAll('.canvas path.line')].map((line) => line.classList[1]))].sort()");
    const legend = await tab.ask("[...document.querySelectorAll('.legend path.line')].map((line) => line.classList[1]).sort()");
    assert.deepEqual(kinds, legend, 'every kind of line has its entry in the legend');
    await tab.until('side steps have their rate', "document.querySelector('.canvas text.flow-side') !== null");
    await tab.until('who is undeclared has a line in its colour', "document.querySelector('.canvas path.line-undeclared[data-line^=\"broken-till \"]') !== null");
    for (const drift of ['silent', 'undeclared', 'version_skew']) await tab.until(`${drift} is drawn`, `document.querySelector('.canvas path.line-${drift}') !== null`);
    await tab.click('a.step-box', 'warehouse/dispatch');
    await tab.sees('.chosen', 'warehouse/dispatch');
    await tab.until('the address can be shared', "location.search === '?workflow=order&step=warehouse%2Fdispatch'");

    await tab.click('.chosen a.clear');
    await tab.sees('.total', '100\u202f000 instances');
    assert.ok((await tab.ask("document.querySelectorAll('.row').length")) < 60, 'only what is seen is drawn');
    await tab.click('.facet a', 'Failed');
    await tab.until('failed ones alone', "location.search === '?state=failed' && [...document.querySelectorAll('.row .state')].every((s) => s.textContent === 'Failed')");
    await tab.click('.chosen a', 'failed');
    await tab.ask('scrollTo(0, document.documentElement.scrollHeight)');
    await tab.sees('.end', '400 of 100\u202f000');

    await tab.click('nav a', 'Contracts');
    await tab.sees('.drifts', 'legacy/audit');
    await tab.sees('.contracts', 'payment.confirmed.v1');
    quiet(tab, origin);

    for (const [path, said] of [
      ['/instances/nobody', 'Nobody knows this instance'],
      ['/where/nobody', 'Nobody knows it'],
      ['/workflows/nothing', 'No workflow of this name'],
      ['/no/such/page', 'There is no such page'],
    ]) {
      await tab.go(origin + path);
      await tab.sees('main', said);
    }
    quiet(tab, origin, true);
  }));

test('an instance is found and opened by keys alone, and hostile texts stay texts', () =>
  with100000(async ({ origin }) => {
    const tab = await chromium.open(`${origin}/instances?state=stalled`);
    await tab.until('rows', "document.querySelectorAll('.row').length > 10");
    await tab.ask("document.querySelector('.row').focus()");
    for (let i = 0; i < 30; i += 1) await tab.press('ArrowDown');
    await tab.until('the row is in view and has the focus', "document.activeElement.parentElement.dataset.row === '30' && document.activeElement.getBoundingClientRect().bottom <= innerHeight");
    await tab.press('Enter');
    await tab.until('its page', "location.pathname.startsWith('/instances/') && document.querySelector('.frontier-sentence') !== null");
    await tab.sees('.events', 'order.placed.v1');
    await tab.until('what has the focus is the page', "document.activeElement.id === 'main'");

    const key = '<img src=x onerror=alert(1)>';
    await tab.press('/');
    await tab.until('the search has the focus', "document.activeElement.type === 'search'");
    const whole = await tab.ask("fetch('/api/instances?limit=2').then((a) => a.json()).then((a) => a.items[1].key)");
    assert.ok(whole.startsWith(key));
    await tab.type(whole);
    await tab.press('Enter');
    await tab.sees('h1', key);
    assert.equal(await tab.ask("document.querySelectorAll('main img').length"), 0);
    quiet(tab, origin);
  }));

test('who goes through a list by keys keeps the row while the list changes under it', async () => {
  const server = await standIn('--instances', '4000');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/instances`);
    await tab.until('rows', "document.querySelectorAll('.row').length > 10");
    const at = "document.activeElement.closest('[data-row]')?.dataset.row";
    const key = "document.activeElement.querySelector?.('.row-key .strong')?.innerText";
    const seen = "(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(document.activeElement.getBoundingClientRect())";
    const isAt = (what, row) => tab.until(`${what}: row ${row} has the focus`, `${at} === '${row}'`);
    await tab.ask("document.querySelectorAll('.row')[3].focus()");
    await tab.press('ArrowDown');
    await isAt('a step down', 4);
    const chosen = await tab.ask(key);

    await server.move(chosen, 0);
    await isAt('it went to the top', 0);
    assert.equal(await tab.ask(key), chosen, 'the row is the same');
    await server.move(chosen, 100);
    await isAt('it went where nobody looks', 100);
    assert.equal(await tab.ask(key), chosen, 'the row is the same');
    await tab.press('ArrowUp');
    await isAt('a step up', 99);
    await tab.until('that row is in view', seen);
    for (const [press, row] of [['Home', 0], ['ArrowUp', 0], ['ArrowDown', 1], ['ArrowDown', 2]]) {
      await tab.press(press);
      await isAt(press, row);
      await tab.until('that row is in view', seen);
    }

    await server.move(await tab.ask(key), 3000);
    await tab.until('it left the list, and the row in its place has the focus', `${at} === '2' && ${key} !== undefined`);
    await tab.press('ArrowDown');
    await isAt('a step down', 3);
    // Whose focus is elsewhere is left there.
    await tab.ask("document.querySelector('input[type=search]').focus()");
    const keyOf = (row) => `document.querySelector('[data-row="${row}"] .strong').innerText`;
    const other = await tab.ask(keyOf(4));
    await server.move(other, 0);
    await tab.until('the list has changed', `${keyOf(0)} === ${JSON.stringify(other)}`);
    assert.equal(await tab.ask('document.activeElement.type'), 'search');
    quiet(tab, origin);
  } finally {
    await server.end();
  }
});

test('an instance is found by a further business key, and shows it', async () => {
  const server = await standIn('--instances', '5');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/where/C536379`);
    await tab.until('its page opens', "location.pathname.startsWith('/instances/')");
    await tab.sees('.meta', 'C536379');
    await tab.go(`${origin}/instances`);
    await tab.sees('main', '· C536379');
    quiet(tab, origin);
  } finally {
    await server.end();
  }
});

test('an instance is followed from its start to its delivery while it moves', async () => {
  const server = await standIn('--instances', '3');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/where/order-536368`);
    await tab.until('its page opens', "location.pathname.startsWith('/instances/')");
    await tab.ask('window.sameDocument = true');
    await tab.sees('.title-line .state', 'Running');
    const seen = new Set();
    const end = Date.now() + 60_000;
    while (Date.now() < end && (await tab.ask("document.querySelector('.title-line .state').textContent")) !== 'Completed') {
      const step = await tab.ask("document.querySelector('.owed-step')?.innerText ?? ''");
      if (step !== '') seen.add(step);
    }
    assert.ok(seen.size >= 3, `it was seen on its way: ${[...seen].join(', ')}`);
    await tab.sees('.frontier-sentence', 'elivered by carrier/deliver');
    await tab.sees('.events', 'order.delivered.v1');
    assert.equal(await tab.ask('window.sameDocument'), true, 'nothing was loaded again');
    quiet(tab, origin);
  } finally {
    await server.end();
  }
});

test('dead letters are tried dry and replayed', async () => {
  const server = await standIn('--instances', '4000');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/failures`);
    await tab.click('.groups a', 'Contract violation');
    await tab.sees('.chosen', 'Contract violation');
    const open = await tab.until('how many', "Number(/^(\\d+) open/.exec(document.querySelector('.total').innerText)?.[1])");
    await tab.click('button', 'Replay');
    await tab.sees('dialog h2', 'dead letter');
    await tab.click('dialog input');
    await tab.type('ada');
    await tab.click('dialog button', 'Dry run');
    await tab.sees('dialog .progress', 'Nothing was changed');
    await tab.click('dialog button.primary');
    await tab.sees('dialog .progress', 'Done');
    await tab.sees('dialog .results', 'replayed');
    await tab.click('dialog button', 'Close');
    await tab.until('none of that kind is left', "document.querySelector('main').innerText.includes('No dead letter fits')");
    assert.ok(open > 0);
    quiet(tab, origin);
  } finally {
    await server.end();
  }
});

test('of many violations it is said how many there are, and the reader goes on to the last', async () => {
  const server = await standIn('--instances', '4000');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/`);
    const id = await tab.ask(
      "fetch('/api/failures?reason=contract_violation&limit=500').then((a) => a.json()).then((a) => a.items.find((it) => it.violations?.length === 120).instance)",
    );
    await tab.go(`${origin}/instances/${id}`);
    const listed = "document.querySelectorAll('ul.violations li').length";
    await tab.sees('.letter', '50 of 120 violations');
    assert.equal(await tab.ask(listed), 50);
    await tab.click('.letter button', 'Show 50 more');
    await tab.sees('.letter', '100 of 120 violations');
    await tab.click('.letter button', 'Show 20 more');
    await tab.until('all are listed', `${listed} === 120`);
    assert.equal(await tab.ask("document.querySelector('.letter').innerText.includes(' of 120 violations')"), false);
    quiet(tab, origin);
  } finally {
    await server.end();
  }
});

test('a page whose observer is away says so, keeps what it knows, and comes back', async () => {
  const server = await standIn('--instances', '500');
  const { origin } = server;
  try {
    const tab = await chromium.open(`${origin}/instances`);
    await tab.until('rows', "document.querySelectorAll('.row').length > 5");
    await server.end();
    await tab.sees('.banner.lost', 'Not connected since');
    await tab.sees('.fresh', 'not connected');
    await tab.until('rows are kept', "document.querySelectorAll('.row').length > 5");
    await tab.click('nav a', 'Contracts');
    await tab.sees('main', 'The observer does not answer');
    await server.begin();
    await tab.click('.banner button', 'Try now');
    await tab.sees('.contracts', 'payment.confirmed.v1');
    await tab.until('the banner is gone', "document.querySelector('.banner.lost') === null");
    await tab.sees('.fresh', 'as of');
    quiet(tab, origin, true);
  } finally {
    await server.end();
  }
});

test('nothing sticks out at 360 pixels, in light or dark, with or without instances', async () => {
  for (const options of [['--instances', '2000'], ['--empty']]) {
    const server = await standIn(...options);
    try {
      for (const dark of [false, true]) {
        const tab = await chromium.open(`${server.origin}/`, { width: 360, height: 740, dark });
        const first = await tab.ask("fetch('/api/instances?limit=1').then((a) => a.json()).then((a) => a.items[0]?.id ?? 'none')");
        for (const path of ['/', '/instances', `/instances/${first}`, '/failures', '/contracts', '/workflows/order']) {
          await tab.go(server.origin + path);
          await tab.until('it is drawn', "document.querySelector('main h1, main .empty') !== null && document.querySelector('.skeleton') === null");
          assert.equal(await tab.ask('document.documentElement.scrollWidth'), 360, `${path} ${options} dark ${dark}`);
        }
        quiet(tab, server.origin, true);
      }
    } finally {
      await server.end();
    }
  }
});
