// The page while every mistake is made at once: the example shop's test on real Kafka, in which an oracle knows what befell each order,
// with this page opened in real Chromium for every one of them, while they stand still and when all are at their end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WORKSPACE = fileURLToPath(new URL('../../..', import.meta.url));
const OPENS_PAGE = fileURLToPath(new URL('told.mjs', import.meta.url));
const TEST = 'with_faults::every_order_is_named_rightly_and_brought_to_its_end';

test('of every order of the shop the page names state, step and reason as the oracle does', async () => {
  // Built as part of the workspace, as `built.mjs` says why.
  const options = ['test', '--quiet', '--locked', '--workspace', '--test', 'shop', '--', '--exact', '--nocapture', TEST];
  const child = spawn('cargo', options, { cwd: WORKSPACE, env: { ...process.env, TEST_OPENS_PAGE: OPENS_PAGE }, stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, told);
  assert.match(told, /1 passed/, 'the test is still called so');
});
