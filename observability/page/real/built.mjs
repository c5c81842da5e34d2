// The programs that the tests here run.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKSPACE = fileURLToPath(new URL('../../..', import.meta.url));

/** The longest that cargo may say of what it built, in bytes. */
const MOST_SAID = 64 * 1024 * 1024;

/** What is run here: all of it together, so that each is built once and with the same features. */
const TARGETS = ['--example', 'observed', '--bin', 'example-pipeline', '--test', 'shop'];

/**
 * Builds them and answers with the executable of `name`. They are built as parts of the whole workspace: a package that is
 * built by itself has other features of what it stands on, and all of that would be built again beside what
 * `cargo build --workspace --all-targets` has built.
 */
export function built(name, ...options) {
  const said = execFileSync('cargo', ['build', '--quiet', '--locked', '--workspace', '--message-format', 'json', ...TARGETS, ...options], {
    cwd: WORKSPACE, encoding: 'utf8', maxBuffer: MOST_SAID, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const made = said.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const { executable } = made.find((it) => it.executable && it.target.name === name) ?? {};
  if (!executable) throw new Error(`cargo built no ${name}`);
  return executable;
}
