// "Where is …": from an id or a business key to the instance.

import { useEffect } from 'preact/hooks';
import type { Instances } from '../api/types';
import { useAnswer } from '../live/hooks';
import { go } from '../live/navigation';
import { instanceHref } from '../lib/route';
import { count, plural } from '../lib/number';
import { instancesHref } from '../lib/filters';
import { InstanceList } from '../ui/InstanceList';
import { Empty, Outdated, Skeleton, Trouble } from '../ui/states';
import { Wire } from '../ui/text';

export function Where({ text }: { text: string }) {
  const answer = useAnswer<Instances>(`/api/where/${encodeURIComponent(text)}`);
  const only = answer.data?.items.length === 1 ? answer.data.items[0] : undefined;
  useEffect(() => {
    if (only) go(instanceHref(only.id), true);
  }, [only?.id]);

  if (answer.error && answer.error.trouble !== 'unknown' && !answer.data) {
    return <Trouble error={answer.error} again={answer.again} what={`“${text}”`} />;
  }
  if (!answer.data && !answer.error) return <Skeleton lines={5} label="the search" />;
  const items = answer.data?.items ?? [];
  const total = answer.data?.total ?? items.length;
  return (
    <>
      <h1 class="h-where">
        Where is <Wire class="mono">{text}</Wire>
      </h1>
      {answer.data && <Outdated error={answer.error} again={answer.again} what={`“${text}”`} />}
      {items.length > 0 ? (
        <>
          <p class="lead">
            {total > items.length ? (
              <>
                The newest {count(items.length)} instances of this key. <a href={instancesHref({ key: text })}>Show all</a>
              </>
            ) : (
              `${plural(total, 'instance')} of this key, newest first.`
            )}
          </p>
          <InstanceList items={items} total={items.length} more={() => {}} />
        </>
      ) : (
        <Empty title="Nobody knows it">
          <p>
            No instance has this id or business key, and no event of one has this id. It may not have started yet, it may be older than
            what the observer keeps, or a character may be missing.
          </p>
        </Empty>
      )}
    </>
  );
}
