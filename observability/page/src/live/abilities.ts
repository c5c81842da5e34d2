// What this observer offers besides answers.

import { useEffect, useState } from 'preact/hooks';
import { abilities } from '../api/client';
import type { Abilities } from '../api/types';

/** What is offered; nothing until the observer has said so. */
export function useAbilities(): Abilities {
  const [offered, set] = useState<Abilities>({ payloads: false, actions: false });
  useEffect(() => {
    let here = true;
    void abilities().then((said) => {
      if (here) set(said);
    });
    return () => {
      here = false;
    };
  }, []);
  return offered;
}
