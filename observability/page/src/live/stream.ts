// Server-sent events over `fetch`, because `EventSource` can send no token and does not say when it gave up.

import { headers, message, NoAnswer } from '../api/client';

/** A stream that says nothing for this long counts as gone. */
const SILENCE_MS = 45_000;

/** More than this without a line's end is no stream of events. */
const LONGEST_LINE = 65_536;

/** Reads events until the stream ends, fails or `signal` fires; always throws. */
export async function listen(
  path: string,
  signal: AbortSignal,
  opened: () => void,
  event: (name: string, data: string) => void,
): Promise<never> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(path, {
      headers: headers({ Accept: 'text/event-stream' }),
      signal: AbortSignal.any([signal, silence.signal]),
      cache: 'no-store',
      redirect: 'error',
    });
    if (response.status === 401) throw new NoAnswer('token', 'The observer asks for a token.');
    if (!response.ok || response.body === null) throw new NoAnswer('broken', await message(response));
    opened();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const lines = new Lines(event);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new NoAnswer('offline', 'The observer ended the stream.');
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      lines.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Splits text into events. */
export class Lines {
  #rest = '';
  #name = 'message';
  #data: string[] = [];

  constructor(private readonly event: (name: string, data: string) => void) {}

  /** Takes in the next piece of the stream. */
  push(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) throw new NoAnswer('broken', 'a line of the stream is too long');
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0) this.event(this.#name, this.#data.join('\n'));
      this.#name = 'message';
      this.#data = [];
    } else if (line.startsWith('event:')) {
      this.#name = line.slice(6).trimStart();
    } else if (line.startsWith('data:')) {
      this.#data.push(line.slice(5).replace(/^ /, ''));
    }
  }
}
