// Asking the observer. Nothing else is ever asked: the page has one origin.

import { outcomes } from '../lib/outcomes';
import type { Abilities, ActionKind, ActionRequest, Count, RawHeader } from './types';

/** Why an answer did not come. */
export type Trouble = 'offline' | 'unknown' | 'token' | 'refused' | 'broken';

/** An answer that did not come. */
export class NoAnswer extends Error {
  constructor(
    readonly trouble: Trouble,
    message: string,
  ) {
    super(message);
  }
}

/** Longest part of an error's text that is kept. */
const LONGEST_MESSAGE = 500;

let accessToken: string | null = null;

/** Sets the token that an observer beyond loopback asks for. It is kept in memory only and gone with the page. */
export function setAccessToken(token: string): void {
  accessToken = token;
}

/** The headers of every request. */
export function headers(more: Record<string, string> = {}): Record<string, string> {
  return accessToken === null ? more : { Authorization: `Bearer ${accessToken}`, ...more };
}

/** The JSON at a path of the interface. Throws [`NoAnswer`], or an `AbortError` where `signal` fired. */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  return answer<T>(path, { headers: headers({ Accept: 'application/json' }), signal: within(signal) });
}

/** How long an answer may take: of one that never comes nobody would hear, and nothing would be asked again. */
const ANSWER_MS = 30_000;

/** Fires with `signal`, and when an answer takes too long. */
function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
}

const NONE: Abilities = { payloads: false, actions: false };

let known: Promise<Abilities | null> | null = null;

/**
 * What this observer offers besides answers; nothing where it did not say, and then it is asked the next time. Else it is asked
 * once. One that does not know the question offers none of it.
 */
export function abilities(): Promise<Abilities | null> {
  known ??= ask<Abilities>('/api/abilities', new AbortController().signal).catch((error: unknown) => {
    if (error instanceof NoAnswer && error.trouble === 'unknown') return NONE;
    known = null;
    return null;
  });
  return known;
}

/** Has it asked anew the next time. */
export function forgetAbilities(): void {
  known = null;
}

/** The value of an event as text, where values may be shown. */
export async function value(instance: string, event: string, signal: AbortSignal): Promise<string> {
  const path = `/api/instances/${encodeURIComponent(instance)}/events/${encodeURIComponent(event)}/value`;
  return (await response(path, { headers: headers(), signal: within(signal) })).text();
}

/** The value of a dead letter as text, where values may be shown. */
export async function letterValue(letter: string, signal: AbortSignal): Promise<string> {
  return (await response(`/api/dead-letters/${encodeURIComponent(letter)}/value`, { headers: headers(), signal: within(signal) })).text();
}

/** The headers of an event's record. */
export function eventHeaders(instance: string, event: string, signal: AbortSignal): Promise<RawHeader[]> {
  return ask(`/api/instances/${encodeURIComponent(instance)}/events/${encodeURIComponent(event)}/headers`, signal);
}

/** The headers of a dead letter's record. */
export function letterHeaders(letter: string, signal: AbortSignal): Promise<RawHeader[]> {
  return ask(`/api/dead-letters/${encodeURIComponent(letter)}/headers`, signal);
}

/**
 * Acts on dead letters, or says what that would do; answers how many had which outcome. `value` is the JSON of an edit as it
 * was written: taken apart and put together again it would lose digits.
 */
export async function act(kind: ActionKind, request: ActionRequest, value: string | null, signal: AbortSignal): Promise<Count[]> {
  const text = JSON.stringify(request);
  const body = await answer<unknown>(`/api/dead-letters/${kind}`, {
    method: 'POST',
    headers: headers({ 'Content-Type': 'application/json', 'X-Choreograph': '1' }),
    body: value === null ? text : `${text.slice(0, -1)},"value":${value}}`,
    signal,
  });
  return outcomes(body);
}

async function response(path: string, init: RequestInit): Promise<Response> {
  let came: Response;
  try {
    came = await fetch(path, { ...init, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof DOMException && error.name === 'TimeoutError') throw new NoAnswer('broken', 'The observer takes too long to answer.');
    throw new NoAnswer('offline', 'The observer does not answer.');
  }
  if (!came.ok) throw new NoAnswer(trouble(came.status), await message(came));
  return came;
}

async function answer<T>(path: string, init: RequestInit): Promise<T> {
  const came = await response(path, init);
  try {
    return (await came.json()) as T;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new NoAnswer('broken', 'The observer’s answer cannot be read.');
  }
}

function trouble(status: number): Trouble {
  if (status === 404) return 'unknown';
  if (status === 401) return 'token';
  if (status >= 500) return 'broken';
  return 'refused';
}

/** What the answer says is wrong: the `error` of its JSON, else its text, else its status. */
export async function message(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).slice(0, LONGEST_MESSAGE);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string') return body.error;
  } catch {
    // Not JSON: the text itself is the best there is.
  }
  return text.trim() || `status ${response.status}`;
}
