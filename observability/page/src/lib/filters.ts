// The filters of the lists, as they stand in the address, so that a filtered list can be shared.

import { parseDuration } from './time';

/** What the list of instances can be filtered by; the names are those of the interface. */
export const INSTANCE_FILTERS = ['workflow', 'state', 'step', 'reason', 'stuck', 'attempt', 'error', 'older', 'key'] as const;

/** What the list of failures can be filtered by. */
export const FAILURE_FILTERS = ['step', 'reason', 'error'] as const;

export type InstanceFilter = (typeof INSTANCE_FILTERS)[number];
export type FailureFilter = (typeof FAILURE_FILTERS)[number];

/** Values by filter; what is absent does not filter. */
export type Filters<F extends string> = Partial<Record<F, string>>;

/** A value longer than this is cut: an address has to fit everywhere. */
export const LONGEST_VALUE = 512;

/** Reads the known filters out of a query, trimmed; unknown and empty ones are left out, the last of several counts. */
export function readFilters<F extends string>(known: readonly F[], query: URLSearchParams): Filters<F> {
  const filters: Filters<F> = {};
  for (const name of known) {
    const value = query.getAll(name).at(-1)?.trim().slice(0, LONGEST_VALUE);
    if (value) filters[name] = value;
  }
  return filters;
}

/** Writes filters as a query in a fixed order, with its `?`; empty where nothing filters. */
export function writeFilters<F extends string>(known: readonly F[], filters: Filters<F>): string {
  const query = new URLSearchParams();
  for (const name of known) {
    const value = filters[name]?.trim().slice(0, LONGEST_VALUE);
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The query of the interface for the filters of the page: ages are told in milliseconds there. One that is none goes as it is, to be refused. */
export function instancesQuery(filters: Filters<InstanceFilter>): string {
  const older = filters.older === undefined ? null : parseDuration(filters.older);
  return writeFilters(INSTANCE_FILTERS, older === null ? filters : { ...filters, older: String(older) });
}

/** The filters with one of them set, or taken away where it had this value already. */
export function toggled<F extends string>(filters: Filters<F>, name: F, value: string): Filters<F> {
  const next = { ...filters };
  if (next[name] === value) delete next[name];
  else next[name] = value;
  return next;
}

/** The filters without one of them. */
export function without<F extends string>(filters: Filters<F>, name: F): Filters<F> {
  const next = { ...filters };
  delete next[name];
  return next;
}

/** The address of the list of instances that fit. */
export function instancesHref(filters: Filters<InstanceFilter>): string {
  return `/instances${writeFilters(INSTANCE_FILTERS, filters)}`;
}

/** The address of the list of failures that fit. */
export function failuresHref(filters: Filters<FailureFilter>): string {
  return `/failures${writeFilters(FAILURE_FILTERS, filters)}`;
}
