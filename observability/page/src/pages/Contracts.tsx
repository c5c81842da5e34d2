// Which contracts are in use, by whom and in which version, and where declaration and sight differ.

import type { Contracts as Answered, ContractUse, Drift, DriftKind, Drifts } from '../api/types';
import { useAnswer } from '../live/hooks';
import { count, plural, short } from '../lib/number';
import { duration } from '../lib/time';
import { Empty, Outdated, Skeleton, Trouble } from '../ui/states';
import { Ago, Section, Sentence, Step, Wire } from '../ui/text';

export const DRIFT_LABEL: Record<DriftKind, string> = { silent: 'Silent', undeclared: 'Undeclared', version_skew: 'Version skew' };

const LOUDEST: DriftKind[] = ['undeclared', 'version_skew', 'silent'];

export function Contracts() {
  const contracts = useAnswer<Answered>('/api/contracts');
  const drifts = useAnswer<Drifts>('/api/drift');
  return (
    <>
      <h1>Contracts</h1>
      <Section
        id="drift"
        title="Drift"
        note={drifts.data && <>what was declared against what was seen in the last {duration(drifts.data.window_ms)}</>}
      >
        {drifts.data && <Outdated error={drifts.error} again={drifts.again} what="drift" />}
        {drifts.data ? (
          <DriftList drifts={drifts.data.drifts} more={drifts.data.left_off} />
        ) : drifts.error ? (
          <Trouble error={drifts.error} again={drifts.again} what="drift" />
        ) : (
          <Skeleton lines={3} label="drift" />
        )}
      </Section>
      <Section id="types" title="Event types" note={contracts.data && plural(contracts.data.types.length, 'type')}>
        {contracts.data && <Outdated error={contracts.error} again={contracts.again} what="contracts" />}
        {contracts.data ? (
          contracts.data.types.length > 0 ? (
            <Types types={contracts.data.types} drifts={drifts.data?.drifts ?? []} />
          ) : (
            <Empty title="No event type is declared yet">
              <p>Types appear here as soon as a service’s manifest names them, or a record of one is seen.</p>
            </Empty>
          )
        ) : contracts.error ? (
          <Trouble error={contracts.error} again={contracts.again} what="contracts" />
        ) : (
          <Skeleton lines={8} label="contracts" />
        )}
      </Section>
    </>
  );
}

function DriftList({ drifts, more }: { drifts: Drift[]; more: number }) {
  if (drifts.length === 0) return <Empty good title="What is declared is what is seen" />;
  const sorted = [...drifts].sort((a, b) => LOUDEST.indexOf(a.kind) - LOUDEST.indexOf(b.kind));
  return (
    <ul class="drifts">
      {sorted.map((drift) => (
        <li key={`${drift.kind} ${drift.from} ${drift.event_type} ${drift.to} ${drift.contract_version}`}>
          <span class={`drift drift-${drift.kind}`}>{DRIFT_LABEL[drift.kind] ?? drift.kind}</span>
          <Sentence>{drift.sentence}</Sentence>
        </li>
      ))}
      {more > 0 && <li class="muted">and {count(more)} more</li>}
    </ul>
  );
}

function Types({ types, drifts }: { types: ContractUse[]; drifts: Drift[] }) {
  const skew = new Set(drifts.filter((drift) => drift.kind === 'version_skew').map((drift) => `${drift.event_type} ${drift.contract_version}`));
  return (
    <div class="table-box">
      <table class="contracts">
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col">Version</th>
            <th scope="col">Emitted by</th>
            <th scope="col" class="right">
              Seen
            </th>
            <th scope="col">Last</th>
            <th scope="col">Read by</th>
          </tr>
        </thead>
        {types.map((type) => (
          <tbody key={type.event_type}>
            {(type.versions.length > 0 ? type.versions : [null]).map((version, i) => (
              <tr key={version?.version ?? 'none'}>
                {i === 0 && (
                  <th scope="rowgroup" rowSpan={Math.max(1, type.versions.length)}>
                    <Wire class="mono strong">{type.event_type}</Wire>
                    <span class="under">
                      on <Wire>{type.topic}</Wire>
                    </span>
                  </th>
                )}
                <td class="mono" data-label="Version">
                  {version ? version.version : '—'}
                  {version && skew.has(`${type.event_type} ${version.version}`) && <span class="drift drift-version_skew">skew</span>}
                </td>
                <td data-label="Emitted by">
                  {version && version.declared_by.length > 0 ? <Names names={version.declared_by} /> : <span class="muted">nobody declares it</span>}
                </td>
                <td class="right num" data-label="Seen" title={version ? count(version.seen) : undefined}>
                  {version ? short(version.seen) : '0'}
                </td>
                <td data-label="Last">{version?.last_seen ? <Ago at={version.last_seen} /> : <span class="muted">never</span>}</td>
                {i === 0 && (
                  <td rowSpan={Math.max(1, type.versions.length)} data-label="Read by">
                    {type.consumers.length > 0 ? <Names names={type.consumers} /> : <span class="muted">nobody here</span>}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Names({ names }: { names: string[] }) {
  return (
    <ul class="names">
      {names.map((name) => (
        <li key={name}>
          <Step name={name} />
        </li>
      ))}
    </ul>
  );
}
