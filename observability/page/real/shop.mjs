// The example shop as a person looks at it: `example-pipeline --watch`, on the broker within it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { built } from './built.mjs';

/** Opens the shop: the address of its page, that of the observer's, and how it is closed. */
export async function openShop() {
  const folder = mkdtempSync(join(tmpdir(), 'shop-'));
  const { KAFKA_BOOTSTRAP_SERVERS: _, ...env } = process.env;
  const child = spawn(built('example-pipeline'), ['--watch', '--folder', folder], { env, stdio: ['ignore', 'inherit', 'pipe'] });
  const ended = once(child, 'exit');
  const told = [];
  const addresses = await new Promise((found, failed) => {
    const seen = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (told.push(line) > 200) told.shift();
      const address = /http:\/\/[\w.:[\]]+/.exec(line)?.[0];
      if (address && seen.push(address) === 2) found(seen);
    });
    ended.then(() => failed(new Error(`the shop has ended:\n${told.join('\n')}`)), failed);
  });
  const close = async () => {
    child.kill('SIGINT');
    const [code] = await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (code !== 0) throw new Error(`the shop ended with ${code}:\n${told.join('\n')}`);
  };
  return { site: addresses[0], observer: addresses[1], close };
}
