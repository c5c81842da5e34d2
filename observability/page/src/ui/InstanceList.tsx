// Instances, one a row.

import type { InstanceSummary } from '../api/types';
import { useNow } from '../live/hooks';
import { instanceHref } from '../lib/route';
import { duration } from '../lib/time';
import { stuckBeside } from '../lib/trouble';
import { reason } from '../lib/words';
import { useNarrow } from './narrow';
import { State } from './icons';
import { Ago, Step, Wire } from './text';
import { VirtualList } from './VirtualList';

const ROW = 58;
const NARROW_ROW = 104;

interface Props {
  items: readonly InstanceSummary[];
  total: number;
  more: () => void;
}

export function InstanceList({ items, total, more }: Props) {
  const narrow = useNarrow();
  return (
    <VirtualList
      items={items}
      total={total}
      rowHeight={narrow ? NARROW_ROW : ROW}
      label="Instances"
      keyOf={idOf}
      more={more}
      render={(item, tabIndex) => <Row item={item} tabIndex={tabIndex} />}
    />
  );
}

/** What tells one instance from another. */
export function idOf(item: InstanceSummary): string {
  return item.id;
}

function Row({ item, tabIndex }: { item: InstanceSummary; tabIndex: 0 | -1 }) {
  return (
    <a class={`row edge-${item.state}`} href={instanceHref(item.id)} tabIndex={tabIndex}>
      <span class="row-state">
        <State state={item.state} />
      </span>
      <span class="row-key">
        <Wire class="mono strong">{item.key ?? item.id}</Wire>
        <span class="under">
          {item.workflow}
          {item.keys.length > 0 && <Wire class="mono">{` · ${item.keys.join(', ')}`}</Wire>}
        </span>
      </span>
      <span class="row-what">
        <Wire class="sentence">{item.sentence}</Wire>
        <span class="under">
          {item.error ? (
            <Wire class="error">{item.error}</Wire>
          ) : item.step ? (
            <Step name={item.step} />
          ) : item.state === 'completed' && item.finished !== null ? (
            `took ${duration(item.finished - item.started)}`
          ) : (
            ''
          )}
          <Beside item={item} />
        </span>
      </span>
      <span class="row-more">
        {item.attempts > 1 && <span class="pill">attempt {item.attempts}</span>}
        {item.dead_letters > 0 && <span class="pill tone-failed">{item.dead_letters} dead</span>}
      </span>
      <span class="row-time num">
        <Ago at={item.updated} />
        <Age item={item} />
      </span>
    </a>
  );
}

/** Where else it is stuck: the first place, and how many more. */
function Beside({ item }: { item: InstanceSummary }) {
  const [first, ...others] = stuckBeside(item);
  if (first === undefined) return null;
  return (
    <span class={`beside tone-${first.reason === 'dead_letter' ? 'failed' : first.reason === 'lost' ? 'lost' : 'stalled'}`}>
      {' · '}
      {reason(first.reason).label} at <Step name={first.step} />
      {others.length > 0 && ` and ${others.length} more`}
    </span>
  );
}

function Age({ item }: { item: InstanceSummary }) {
  const now = useNow();
  return <span class="under">{item.state === 'completed' ? 'finished' : `age ${duration(now - item.started)}`}</span>;
}
