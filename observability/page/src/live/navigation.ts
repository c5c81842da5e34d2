// Where the reader is: the address, without loading the page again.

import { useEffect, useState } from 'preact/hooks';

/** The part of the address that this page reads. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const MOVED = 'choreograph:moved';

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Goes to an address of this page; with `replace` the previous one leaves no trace in the history. */
export function go(href: string, replace = false): void {
  if (href === location.pathname + location.search + location.hash) return;
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  dispatchEvent(new Event(MOVED));
  if (!replace) scrollTo(0, 0);
}

/** The address, followed as it changes. */
export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const moved = () => set(here());
    addEventListener('popstate', moved);
    addEventListener(MOVED, moved);
    return () => {
      removeEventListener('popstate', moved);
      removeEventListener(MOVED, moved);
    };
  }, []);
  return place;
}

/** Follows ordinary clicks on links into this page without a reload; others are the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target !== '' || link.hash !== '') return;
  if (link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
