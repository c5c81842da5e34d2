// Chromium, driven over its own protocol through a pipe: no port, and no package.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What Chromium is called where. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** How long anything that is waited for may take on a busy machine. */
const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** Asked in the page: where the mouse meets the element that `find` finds, or nothing while it is elsewhere, moves, or is
 * covered. From then on the page's `clickIsAwaited` tells whether that element was not clicked yet. */
const standsStill = async (find) => {
  const place = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + Math.min(width / 2, 60), y: y + height / 2 };
  };
  const element = find();
  if (!element) return null;
  element.scrollIntoView({ block: 'center' });
  const before = place(element);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { x, y } = place(element);
  if (x !== before.x || y !== before.y || !element.contains(document.elementFromPoint(x, y))) return null;
  window.clickIsAwaited = true;
  const clicked = (event) => {
    if (element.contains(event.target)) window.clickIsAwaited = false;
    else {
      // The page has moved meanwhile: nothing else is clicked on instead.
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  window.addEventListener('click', clicked, { once: true, capture: true });
  return { x, y };
};

/** A Chromium with a profile of its own. Without one this fails, with the way to get it: nothing passes by being skipped. */
export async function launch() {
  const profile = mkdtempSync(join(tmpdir(), 'page-browser-'));
  // The only pages that it opens are of this folder, and in containers there is no sandbox to be had.
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'];
  const child = spawn(executable(), flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const pipe = new Pipe(child.stdio[3], child.stdio[4]);
  const close = async () => {
    const ended = once(child, 'exit');
    await pipe.send('Browser.close').catch(() => child.kill('SIGKILL'));
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { close, open: (url, view) => Tab.open(pipe, url, view) };
}

function executable() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const name of NAMES) {
    for (const folder of folders) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  throw new Error(`no Chromium in PATH (${NAMES.join(', ')}): the page is tested in a real browser; \`apt-get install chromium\` brings one`);
}

/** Commands and events as JSON, each ended by a zero byte. */
class Pipe {
  #write;
  #waiting = new Map();
  #last = 0;
  listeners = new Set();

  constructor(write, read) {
    this.#write = write;
    let rest = '';
    read.setEncoding('utf8');
    read.on('data', (text) => {
      const parts = (rest + text).split('\0');
      rest = parts.pop();
      for (const part of parts) this.#take(JSON.parse(part));
    });
  }

  #take(message) {
    const asked = this.#waiting.get(message.id);
    if (!asked) {
      for (const listener of this.listeners) listener(message);
      return;
    }
    this.#waiting.delete(message.id);
    if (message.error) asked.reject(new Error(message.error.message));
    else asked.resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    this.#last += 1;
    const id = this.#last;
    this.#write.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`Chromium did not answer ${method} within ${WITHIN_MS} ms: ${JSON.stringify(params).slice(0, 200)}`));
      }, WITHIN_MS);
      const over = (settle) => (answer) => {
        clearTimeout(late);
        settle(answer);
      };
      this.#waiting.set(id, { resolve: over(resolve), reject: over(reject) });
    });
  }
}

/** One tab: what a person does and sees in it, whom it asks, and what it complains about. */
class Tab {
  requests = [];
  complaints = [];

  constructor(pipe, session) {
    this.send = (method, params) => pipe.send(method, params, session);
    pipe.listeners.add(({ sessionId, method, params }) => {
      if (sessionId !== session) return;
      if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
      if (method === 'Log.entryAdded' && params.entry.level === 'error') this.complaints.push(params.entry.text);
      if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params.exceptionDetails));
      if (method === 'Runtime.consoleAPICalled' && params.type === 'error') this.complaints.push(JSON.stringify(params.args));
    });
  }

  static async open(pipe, url, { width = 1440, height = 900, dark = false } = {}) {
    const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(pipe, sessionId);
    for (const domain of ['Network', 'Log', 'Runtime', 'Page']) await tab.send(`${domain}.enable`);
    await tab.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 800 });
    await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    await tab.go(url);
    return tab;
  }

  go(url) {
    return this.send('Page.navigate', { url });
  }

  /** What an expression comes to in the page. */
  async ask(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression comes to something true, and answers with it. */
  async until(what, expression) {
    const end = Date.now() + WITHIN_MS;
    for (;;) {
      const came = await this.ask(expression).catch(() => false);
      if (came) return came;
      if (Date.now() > end) {
        const seen = await this.ask("location.href + ': ' + document.body.innerText.slice(0, 2000)").catch(String);
        throw new Error(`not within ${WITHIN_MS} ms: ${what}; last seen: ${seen}; complaints: ${this.complaints.join('; ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Waits until the text that is seen of an element contains `wanted`. */
  sees(selector, wanted) {
    return this.until(`\`${selector}\` shows ${wanted}`, `document.querySelector(${JSON.stringify(selector)})?.innerText.includes(${JSON.stringify(wanted)})`);
  }

  /** Clicks with the mouse on the first element of a kind whose text contains `text`, once it stands still; again where
   * the page moved it away under the mouse. */
  async click(selector, text = '') {
    const found = `[...document.querySelectorAll(${JSON.stringify(selector)})].find((e) => e.checkVisibility() && e.textContent.includes(${JSON.stringify(text)}))`;
    const end = Date.now() + WITHIN_MS;
    do {
      const { x, y } = await this.until(`${selector} with "${text}" to click on`, `(${standsStill})(() => ${found})`);
      for (const type of ['mousePressed', 'mouseReleased']) await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    } while ((await this.ask('window.clickIsAwaited').catch(() => false)) && Date.now() < end);
  }

  /** Presses a key, which goes to what has the focus. */
  async press(key) {
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
    const windowsVirtualKeyCode = { Enter: 13, ArrowDown: 40, ArrowUp: 38, Tab: 9, Escape: 27, End: 35, Home: 36 }[key];
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, text, code: key, windowsVirtualKeyCode });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, windowsVirtualKeyCode });
  }

  type(text) {
    return this.send('Input.insertText', { text });
  }
}
