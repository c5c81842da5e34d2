// Addresses of the page, and what stands behind them.

export type Route =
  | { page: 'fleet' }
  | { page: 'workflow'; name: string }
  | { page: 'instances' }
  | { page: 'instance'; id: string }
  | { page: 'failures' }
  | { page: 'contracts' }
  | { page: 'where'; text: string }
  | { page: 'unknown'; path: string };

/** What a path shows. */
export function route(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, ...rest] = parts;
  const tail = decode(rest.join('/'));
  switch (first) {
    case undefined:
      return { page: 'fleet' };
    case 'workflows':
      if (tail) return { page: 'workflow', name: tail };
      break;
    case 'instances':
      return tail ? { page: 'instance', id: tail } : { page: 'instances' };
    case 'failures':
      if (rest.length === 0) return { page: 'failures' };
      break;
    case 'contracts':
      if (rest.length === 0) return { page: 'contracts' };
      break;
    case 'where':
      if (tail) return { page: 'where', text: tail };
      break;
  }
  return { page: 'unknown', path };
}

/** Decodes a part of a path; one that cannot be decoded stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function workflowHref(name: string): string {
  return `/workflows/${encodeURIComponent(name)}`;
}

export function instanceHref(id: string): string {
  return `/instances/${encodeURIComponent(id)}`;
}

export function whereHref(text: string): string {
  return `/where/${encodeURIComponent(text)}`;
}
