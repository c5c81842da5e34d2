// Whether the page is as narrow as a phone.

import { useEffect, useState } from 'preact/hooks';

/** The same width as in the style sheet. */
const NARROW = '(max-width: 760px)';

export function useNarrow(): boolean {
  const [narrow, set] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const changed = () => set(media.matches);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  return narrow;
}
