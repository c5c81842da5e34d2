// Words, times and names as they stand everywhere.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useNow } from '../live/hooks';
import { parts } from '../lib/steps';
import { ago, duration, exact } from '../lib/time';
import { Glyph } from './icons';

/** A moment, told by how long ago it was; its exact time on hover. */
export function Ago({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={iso(at)} title={exact(at)}>
      {ago(at, now)}
    </time>
  );
}

/** How long it has been since a moment, counting on; its exact time on hover. */
export function Since({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={iso(at)} title={`since ${exact(at)}`}>
      {duration(now - at)}
    </time>
  );
}

function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** `service/step`, the service lighter. */
export function Step({ name }: { name: string }) {
  const { service, name: step } = parts(name);
  return (
    <span class="step" title={name}>
      {service !== '' && <span class="service">{service}/</span>}
      {step}
    </span>
  );
}

/** Text from the wire: its direction stands apart from what is around it, and it breaks anywhere. */
export function Wire({ children, class: name = '' }: { children: string; class?: string }) {
  return <bdi class={`wire ${name}`}>{children}</bdi>;
}

/** A sentence of the observer: what it puts between backticks stands out as a name. */
export function Sentence({ children }: { children: string }) {
  const parts = children.split('`');
  if (parts.length < 3 || parts.length % 2 === 0) return <Wire>{children}</Wire>;
  return <bdi class="wire">{parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</bdi>;
}

/** An id that can be copied. */
export function Id({ value, label }: { value: string; label: string }) {
  const [copied, set] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      set(true);
      setTimeout(() => set(false), 1500);
    } catch {
      // Without the right to the clipboard the text can still be marked by hand.
    }
  };
  return (
    <span class="id">
      <Wire class="mono">{value}</Wire>
      <button type="button" class="bare" onClick={copy} title={`Copy ${label}`} aria-label={`Copy ${label}`}>
        {copied ? <span class="copied">copied</span> : <Glyph name="copy" size={14} />}
      </button>
    </span>
  );
}

/** A part of a page with its heading. */
export function Section(props: { title: string; note?: ComponentChildren; children: ComponentChildren; id: string; class?: string }) {
  return (
    <section aria-labelledby={props.id} class={props.class}>
      <header class="section-head">
        <h2 id={props.id}>{props.title}</h2>
        {props.note !== undefined && <div class="note">{props.note}</div>}
      </header>
      {props.children}
    </section>
  );
}
