// The customers' page of the example shop in real Chromium, where orders and answers fail, and the page was opened over plain
// HTTP from another machine.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';

const PAGE = fileURLToPath(new URL('../../../example-pipeline/src/services/site/page/', import.meta.url));
const FILES = { '/': ['shop.html', 'text/html'], '/shop.js': ['shop.js', 'text/javascript'], '/shop.css': ['shop.css', 'text/css'], '/shop.svg': ['shop.svg', 'image/svg+xml'] };
const PRODUCT = { description: 'PINK TEAPOT', unit_price: '2.5' };

let chromium;
before(async () => {
  chromium = await launch();
});
after(() => chromium?.close());

/** A shop; `orders` and `shop` are the statuses with which it answers in turn, 200 behind them. */
async function withShop({ orders = [], shop = [] }, run) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const answer = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (pathname.endsWith('/live')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(pathname === '/live' ? 'event: products\ndata: {"85123A":7}\n\n' : ': hello\n\n');
    } else if (pathname === '/api/shop') {
      answer(shop.shift() ?? 200, { products: { '85123A': PRODUCT }, catalogue: `http://${request.headers.host}`, observer: null });
    } else if (pathname === '/api/orders') {
      let text = '';
      for await (const chunk of request) text += chunk;
      requests.push(JSON.parse(text).request);
      answer(orders.shift() ?? 200, { order_id: `web-${requests.at(-1)}`, workflow_id: 'w1' });
    } else {
      const [file, type] = FILES[pathname] ?? [];
      response.writeHead(file ? 200 : 404, { 'content-type': type ?? 'text/plain' });
      response.end(file && (await readFile(PAGE + file)));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(`http://127.0.0.1:${server.address().port}/`, requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('an order that was not answered is sent again as the same, and the next is another', () =>
  withShop({ orders: [504, 503] }, async (origin, requests) => {
    const tab = await chromium.open(origin);
    const order = async (times) => {
      await tab.click('#products button:not([aria-disabled=true])', 'Order one');
      await tab.until('the order', `document.querySelector('#products button:not([aria-disabled=true])') !== null && document.querySelectorAll('#orders li.order').length === ${times}`);
    };
    await order(0);
    await tab.until('it is told', "document.querySelector('#link.away') !== null");
    await order(0);
    await order(1);
    await order(2);
    assert.equal(requests.length, 4, requests.join());
    assert.equal(new Set(requests.slice(0, 3)).size, 1, 'the same until it is answered');
    assert.notEqual(requests[3], requests[0]);
  }));

test('over plain HTTP from another machine one can order too', () =>
  withShop({}, async (origin, requests) => {
    const tab = await chromium.open(origin);
    // As browsers have it where a page does not come from this machine or over TLS.
    await tab.ask('delete Crypto.prototype.randomUUID');
    await tab.click('#products button', 'Order one');
    await tab.until('the order', "document.querySelectorAll('#orders li.order').length === 1");
    assert.match(requests[0], /^[0-9a-f-]{32,36}$/);
  }));

test('what works again is said to be live', () =>
  withShop({ orders: [503], shop: [200, 500] }, async (origin) => {
    const tab = await chromium.open(origin);
    await tab.sees('#link', 'live');
    await tab.until('a load that failed', "document.querySelector('#link.away') !== null");
    await tab.sees('#link', 'live');
    await tab.click('#products button', 'Order one');
    await tab.until('an order that failed', "document.querySelector('#link.away') !== null");
    await tab.sees('#link', 'live');
  }));
