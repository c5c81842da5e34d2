// What this observer offers besides answers.

import { useEffect, useState } from 'preact/hooks';
import { abilities, forgetAbilities } from '../api/client';
import type { Abilities } from '../api/types';
import { current, subscribe } from './connection';
import { useLink } from './hooks';

/** Whoever answers after the connection was lost may be another observer. */
let before = current().link.state;
subscribe(() => {
  const now = current().link.state;
  if (now === 'lost' && before !== 'lost') forgetAbilities();
  before = now;
});

/** What is offered; nothing until the observer has said so. It is asked again when the connection comes back. */
export function useAbilities(): Abilities {
  const [offered, set] = useState<Abilities>({ payloads: false, actions: false });
  const live = useLink().state === 'live';
  useEffect(() => {
    let here = true;
    void abilities().then((said) => {
      if (here && said !== null) set(said);
    });
    return () => {
      here = false;
    };
  }, [live]);
  return offered;
}
