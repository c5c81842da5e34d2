// From a trace's id to where traces are kept.

import { Glyph } from './icons';

/** Where traces are kept, by their ids; nothing where nobody said. */
export type TraceLinks = ReadonlyMap<string, string | null>;

/** A link to a trace, where there is one. */
export function TraceLink({ url }: { url: string | null | undefined }) {
  if (url === null || url === undefined || !isWeb(url)) return null;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      Open trace <Glyph name="out" size={13} />
    </a>
  );
}

/** Whether a link may be offered: what is not HTTP might run something. */
function isWeb(url: string): boolean {
  return /^https?:\/\//i.test(url) || (url.startsWith('/') && !url.startsWith('//'));
}
