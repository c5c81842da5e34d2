// Runs the tests with Node's own runner: each is bundled first, for Node 20 reads no TypeScript.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'page-tests-'));
try {
  const entryPoints = readdirSync(here)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(here, file));
  await build({ entryPoints, outdir: out, bundle: true, platform: 'node', format: 'esm', outExtension: { '.js': '.mjs' }, sourcemap: 'inline', logLevel: 'warning' });
  const files = readdirSync(out).map((file) => join(out, file));
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit', cwd: join(here, '..'), env: { ...process.env, TZ: 'Asia/Kolkata' } });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
