// Builds the page into a folder: the same bytes from the same sources, whoever builds.
//
//     node build.mjs dist

import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error('usage: node build.mjs FOLDER');
  process.exit(2);
}

await rm(out, { recursive: true, force: true });
await mkdir(join(out, 'assets'), { recursive: true });
const built = await build({
  absWorkingDir: here,
  entryPoints: { app: 'src/main.tsx' },
  outdir: resolve(out, 'assets'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  metafile: true,
  logLevel: 'warning',
});
for (const file of ['index.html', 'favicon.svg']) {
  await writeFile(join(out, file), await readFile(join(here, 'public', file)));
}
await writeFile(join(out, 'THIRD-PARTY.txt'), await licences(Object.keys(built.metafile.inputs)));

/** The licence texts of all packages of which a file went into the bundle. */
async function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder) folders.add(folder);
  }
  // dagre carries graphlib within its own bundle.
  if (folders.has('node_modules/@dagrejs/dagre')) folders.add('node_modules/@dagrejs/graphlib');
  const parts = ['The page of the observer contains these packages.\n'];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(here, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(here, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} comes without its licence's text`);
    const text = (await readFile(join(here, folder, file), 'utf8')).replace(/\r\n/g, '\n').trim();
    parts.push(`${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`);
  }
  return parts.join('\n');
}
