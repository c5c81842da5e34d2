// Small pictures. Each state has its own shape, so that colour is never the only sign.

import type { InstanceState } from '../api/types';
import type { Tone } from '../lib/words';

const SHAPES: Record<Tone, string> = {
  // An octagon with a bar: stop.
  failed: 'M5.1 1.5h5.8l3.6 3.6v5.8l-3.6 3.6H5.1l-3.6-3.6V5.1zM8 4.6v4.2M8 11.2v.2',
  // A question in a broken circle.
  lost: 'M12.9 3.6A6.4 6.4 0 0 0 4.2 2.9M2.2 5.3a6.4 6.4 0 0 0 1.6 7.4M6.3 14.2a6.4 6.4 0 0 0 7.9-7.7M6.2 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.7-.9 1.3M8 11.6v.2',
  // Two bars: it stands.
  stalled: 'M8 1.6a6.4 6.4 0 1 1 0 12.8A6.4 6.4 0 0 1 8 1.6M6.3 5.6v4.8M9.7 5.6v4.8',
  // An arrow on its way.
  running: 'M8 1.6a6.4 6.4 0 1 1 0 12.8A6.4 6.4 0 0 1 8 1.6M4.9 8h5.8M8.3 5.4 10.9 8l-2.6 2.6',
  // A tick.
  completed: 'M8 1.6a6.4 6.4 0 1 1 0 12.8A6.4 6.4 0 0 1 8 1.6M5.2 8.2l2 2 3.7-4.1',
  quiet: 'M8 5.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2',
};

/** The shape of a state. */
export function ToneIcon({ tone, size = 16 }: { tone: Tone; size?: number }) {
  return <Drawn path={SHAPES[tone] ?? SHAPES.quiet} size={size} class={`icon tone-${tone}`} />;
}

const GLYPHS = {
  search: 'M7 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6M10.6 10.6l3.2 3.2',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  out: 'M6.5 3.5h-3v9h9v-3M9 2.8h4.2V7M13 3 7.6 8.4',
  right: 'M6 3.5 10.5 8 6 12.5',
  plug: 'M2 14l3-3M11 5l3-3M6.2 12.2l-2.4-2.4 2-2 2.4 2.4zM9.8 3.8l2.4 2.4-2 2-2.4-2.4z',
  sight: 'M1.5 8S4 3.6 8 3.6 14.5 8 14.5 8 12 12.4 8 12.4 1.5 8 1.5 8M8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6',
};

/** A small sign that stands beside words. */
export function Glyph({ name, size = 16 }: { name: keyof typeof GLYPHS; size?: number }) {
  return <Drawn path={GLYPHS[name]} size={size} class="icon" />;
}

function Drawn(props: { path: string; size: number; class: string }) {
  return (
    <svg class={props.class} width={props.size} height={props.size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={props.path} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

/** The mark of the project: three steps that hand on to each other. */
export function Mark() {
  return (
    <svg class="mark" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true" focusable="false">
      <path d="M4 16.5C4 9 9 5 17.5 5" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
      <circle cx="4.2" cy="17" r="2.6" fill="currentColor" />
      <circle cx="8.4" cy="8.2" r="2.6" fill="currentColor" />
      <circle cx="17.4" cy="5" r="2.6" fill="currentColor" />
    </svg>
  );
}

/** A state of an instance with its word. */
export function State({ state }: { state: InstanceState }) {
  return (
    <span class={`state tone-${state}`}>
      <ToneIcon tone={state} size={14} />
      {state.charAt(0).toUpperCase() + state.slice(1)}
    </span>
  );
}
