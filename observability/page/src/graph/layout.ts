// Where each step and event of a workflow stands in its picture. Only the shape decides, never the live numbers, so
// that nothing moves while one looks.

import { Graph, layout as arrange } from '@dagrejs/dagre';
import { onlyPublishes } from '../lib/steps';
import type { DriftKind, Edge, WorkflowGraph } from '../api/types';

/** Size of a step in the picture. */
export const STEP_WIDTH = 232;
export const STEP_HEIGHT = 78;
const EVENT_HEIGHT = 24;
const EVENT_CHARACTER = 6.9;
const EVENT_MARGIN = 34;
const WIDEST_EVENT = 250;

/** Room around the picture. */
const MARGIN = 16;

/** More nodes than this are not drawn: the table below the picture has them all. */
export const MOST_NODES = 400;

/** A box of the picture, by its centre. */
export interface Box {
  id: string;
  kind: 'step' | 'event';
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A line of the picture: from a step to an event it emits, or from an event to a step that consumes it. */
export interface Line {
  id: string;
  step: string;
  event: string;
  emits: boolean;
  path: string;
  middle: { x: number; y: number };
}

export interface Picture {
  width: number;
  height: number;
  boxes: Box[];
  lines: Line[];
}

/** What is seen on a line. */
export interface Flow {
  perMinute: number;
  seen: number;
  drift: DriftKind | null;
}

/** A text that is the same as long as the picture’s shape is. */
export function shape(graph: WorkflowGraph): string {
  return JSON.stringify([
    graph.steps.map((step) => step.step).sort(),
    graph.events.map((event) => event.event_type).sort(),
    [...links(graph.edges).keys()].sort(),
  ]);
}

/** The key of the line on which `step` emits or consumes `event`. */
export function lineId(step: string, event: string, emits: boolean): string {
  return emits ? `${step} > ${event}` : `${event} > ${step}`;
}

/**
 * What flows on each line. An edge names emitter, type and consumer together, so one type with two consumers is told
 * twice: on the emitter’s line the larger counts, on a consumer’s line its emitters add up. A line has drift only where
 * every edge on it has, the louder kind first.
 */
export function links(edges: readonly Edge[]): Map<string, Flow> {
  const flows = new Map<string, Flow>();
  const note = (id: string, edge: Edge, join: (a: number, b: number) => number) => {
    const before = flows.get(id);
    flows.set(id, {
      perMinute: before ? join(before.perMinute, edge.seen_last_minute) : edge.seen_last_minute,
      seen: before ? join(before.seen, edge.seen) : edge.seen,
      drift: before ? both(before.drift, edge.drift) : edge.drift,
    });
  };
  for (const edge of edges) {
    if (edge.from !== null) note(lineId(edge.from, edge.event_type, true), edge, Math.max);
    if (edge.to !== null) note(lineId(edge.to, edge.event_type, false), edge, (a, b) => a + b);
  }
  return flows;
}

function both(a: DriftKind | null, b: DriftKind | null): DriftKind | null {
  if (a === 'version_skew' || b === 'version_skew') return 'version_skew';
  if (a === null || b === null) return null;
  return a === 'undeclared' || b === 'undeclared' ? 'undeclared' : 'silent';
}

/** Lays the picture out from top to bottom. */
export function picture(graph: WorkflowGraph): Picture {
  const g = new Graph({ multigraph: false });
  g.setGraph({ rankdir: 'TB', nodesep: 26, edgesep: 14, ranksep: 30, marginx: MARGIN, marginy: MARGIN });
  g.setDefaultEdgeLabel(() => ({}));
  const boxes = new Map<string, Box>();
  const steps = new Set(graph.steps.map((step) => step.step).filter((step) => !onlyPublishes(step)));
  const add = (kind: Box['kind'], name: string) => {
    const id = `${kind} ${name}`;
    if (boxes.has(id) || boxes.size >= MOST_NODES) return;
    const box = { id, kind, name, x: 0, y: 0, ...size(kind, name, steps.has(name)) };
    boxes.set(id, box);
    g.setNode(id, { width: box.width, height: box.height });
  };
  for (const step of graph.steps) add('step', step.step);
  for (const event of graph.events) add('event', event.event_type);
  for (const edge of graph.edges) {
    add('event', edge.event_type);
    if (edge.from !== null) add('step', edge.from);
    if (edge.to !== null) add('step', edge.to);
  }
  const side = new Set(graph.steps.filter((step) => !step.path).map((step) => step.step));
  const wanted = new Map<string, { step: string; event: string; emits: boolean; a: string; b: string }>();
  for (const { from, event_type: event, to } of graph.edges) {
    if (from !== null) wanted.set(lineId(from, event, true), { step: from, event, emits: true, a: `step ${from}`, b: `event ${event}` });
    if (to !== null) wanted.set(lineId(to, event, false), { step: to, event, emits: false, a: `event ${event}`, b: `step ${to}` });
  }
  for (const { step, a, b } of wanted.values()) {
    if (boxes.has(a) && boxes.has(b)) g.setEdge(a, b, { weight: side.has(step) ? 1 : 4 });
  }
  arrange(g);
  for (const box of boxes.values()) {
    const { x, y } = g.node(box.id) as { x: number; y: number };
    box.x = x;
    box.y = y;
  }
  const drawn = [...wanted].flatMap(([id, { a, b, ...of }]) => {
    const edge = boxes.has(a) && boxes.has(b) ? (g.edge(a, b) as { points?: Point[] } | undefined) : undefined;
    return edge?.points ? [{ id, ...of, points: edge.points }] : [];
  });
  const { width = 0, height = 0 } = g.graph() as { width?: number; height?: number };
  // The picture is as wide as its boxes: a line that goes round them needs room of its own.
  const across = drawn.flatMap(({ points }) => points.map((point) => point.x));
  const shift = across.reduce((most, x) => Math.max(most, MARGIN - x), 0);
  const labels = apart(drawn.map(({ points }) => middle(points)));
  const ends = [...across.map((x) => x + MARGIN), ...labels.map(({ x }) => x + LABEL_WIDTH)];
  const right = ends.reduce((most, x) => Math.max(most, x), width);
  for (const box of boxes.values()) box.x += shift;
  const lines = drawn.map(({ points, ...of }, n): Line => {
    const moved = points.map(({ x, y }) => ({ x: x + shift, y }));
    const { x, y } = labels[n] ?? middle(points);
    return { ...of, path: curve(moved), middle: { x: x + shift, y } };
  });
  return { width: right + shift, height, boxes: [...boxes.values()], lines };
}

/** The height of who only publishes. */
const SOURCE_HEIGHT = 50;

function size(kind: Box['kind'], name: string, known = true): { width: number; height: number } {
  if (kind === 'step') return { width: STEP_WIDTH, height: known ? STEP_HEIGHT : SOURCE_HEIGHT };
  return { width: Math.min(WIDEST_EVENT, Math.round(name.length * EVENT_CHARACTER) + EVENT_MARGIN), height: EVENT_HEIGHT };
}

interface Point {
  x: number;
  y: number;
}

/** A smooth SVG path through the points: quadratic curves between the middles of the stretches. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (let i = 0; i < rest.length - 1; i += 1) {
    const here = rest[i];
    const next = rest[i + 1];
    if (!here || !next) break;
    const end = i === rest.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    path += `Q${round(here.x)} ${round(here.y)} ${round(end.x)} ${round(end.y)}`;
  }
  if (rest.length === 1) path += `L${round(last.x)} ${round(last.y)}`;
  return path;
}

/** A picture is made smaller by no more than this to fit: below, it is scrolled. */
const SMALLEST_SCALE = 0.72;

/** The scale at which a picture is drawn in a view; on a phone it is scrolled rather than shrunk. */
export function scaleToFit(pictureWidth: number, viewWidth: number, narrow: boolean): number {
  if (narrow || viewWidth <= 0 || pictureWidth <= viewWidth) return 1;
  return Math.max(SMALLEST_SCALE, Math.floor((100 * viewWidth) / pictureWidth) / 100);
}

function middle(points: readonly Point[]): Point {
  const a = points[Math.floor((points.length - 1) / 2)] ?? { x: 0, y: 0 };
  const b = points[Math.ceil((points.length - 1) / 2)] ?? a;
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** Room for the words beside a line. */
const LABEL_WIDTH = 52;
const LABEL_HEIGHT = 14;

/** Places for words beside lines, each moved down as far as no other that comes before it is covered. */
export function apart(places: readonly Point[]): Point[] {
  const taken: Point[] = [];
  for (const { x, y } of places) {
    let free = y;
    for (let moves = 0; moves < places.length; moves += 1) {
      const other = taken.find((at) => Math.abs(at.x - x) < LABEL_WIDTH && Math.abs(at.y - free) < LABEL_HEIGHT);
      if (!other) break;
      free = other.y + LABEL_HEIGHT;
    }
    taken.push({ x, y: free });
  }
  return taken;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
