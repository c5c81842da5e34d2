// The stand-in for the observer, as a process that can be ended and started again where it was.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../dev/server.mjs', import.meta.url));

export async function standIn(...options) {
  const start = async (port) => {
    const child = spawn(process.execPath, [SERVER, '--port', port, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    return { child, origin: line };
  };
  let running = await start('0');
  const { origin } = running;
  const end = async () => {
    if (running.child.signalCode !== null) return;
    const ended = once(running.child, 'exit');
    running.child.kill();
    await ended;
  };
  const begin = async () => {
    running = await start(new URL(origin).port);
  };
  /** Has one question refused with a status from now on, never answered (`hang`), or answered again (nothing). */
  const refuse = async (path, status = '') => {
    const told = await fetch(`${origin}/dev/answer?path=${encodeURIComponent(path)}&status=${status}`);
    if (!told.ok) throw new Error(`the stand-in says ${told.status}`);
  };
  /** Has an instance stand elsewhere in the list. */
  const move = async (key, to) => {
    const told = await fetch(`${origin}/dev/move?key=${encodeURIComponent(key)}&to=${to}`);
    if (!told.ok) throw new Error(`the stand-in says ${told.status}`);
  };
  return { origin, end, begin, refuse, move };
}
