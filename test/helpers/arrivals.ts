import type { Mapper } from '../../shared/mapping/compile.ts';
import { compileMapper } from '../../shared/mapping/compile.ts';
import type { SentChange } from '../../shared/model/change.ts';
import { isEntityName } from '../../shared/model/entities.ts';
import { ledgerIn } from '../../shared/store/ledger.ts';
import { runsIn } from '../../shared/store/runs.ts';
import { stampsIn } from '../../shared/store/stamps.ts';
import type { ArrivalDeps } from '../../shared/sync/drops/arrivalDeps.ts';
import { parseDropName, unknownName, usualNames } from '../../shared/sync/drops/dropName.ts';
import type { NamePattern } from '../../shared/sync/drops/namePattern.ts';
import type { SnapshotDiff } from '../../shared/sync/drops/snapshotDiff.ts';
import { testClock } from './clock.ts';
import { memoryDrops } from './memoryDrops.ts';
import { memoryTables } from './memoryTable.ts';

/** The door of files over stores in memory. */
export function testArrivals() {
  const clock = testClock();
  const tables = memoryTables();
  const drops = memoryDrops(clock);
  const runs = runsIn(tables.open);
  const ledger = ledgerIn(tables.open, clock);
  const stamps = stampsIn(tables.open);
  const delivered: { readonly attempt: number; readonly changes: readonly SentChange[] }[] = [];
  const diffs: SnapshotDiff[] = [];
  const failures: unknown[] = [];
  const mappers = new Map<string, Mapper>();
  let random = 0;
  const settings: { needsManifest: boolean; names: readonly NamePattern[] } = { needsManifest: false, names: [] };
  const deps: ArrivalDeps = {
    clock,
    random: () => String(random++).padStart(10, '0'),
    runs,
    drops,
    ledger,
    stamps,
    deliver: async ({ attempt }, changes) => {
      delivered.push({ attempt, changes: [...changes] });
      return 1;
    },
    quarantine: async () => undefined,
    handOver: async (diff) => void diffs.push(diff),
    onFailure: (_path, error) => void failures.push(error),
    async sourceOf(place) {
      const usual = usualNames('UTC');
      const own = new Map([['part_stock' as const, { patterns: settings.names, format: undefined }]]);
      const name = parseDropName(place, { ...usual, entities: own }) ?? parseDropName(place, usual);
      if (name === undefined || !isEntityName(name.entity)) throw unknownName(place, [usual]);
      const mapper =
        mappers.get(name.entity) ?? compileMapper({ entity: name.entity, keepUnmapped: false, zone: 'UTC' });
      mappers.set(name.entity, mapper);
      return {
        name,
        sourceId: null,
        mapper,
        needed: [],
        zone: 'UTC',
        needsManifest: settings.needsManifest,
        encoding: undefined,
        format: undefined,
        options: {},
        maxRejectRatio: undefined,
      };
    },
  };
  return {
    clock,
    tables,
    drops,
    ledger,
    stamps,
    deps,
    delivered,
    diffs,
    failures,
    settings,
    runs: async (dealerId = 'acme') => (await runs.list(dealerId, { limit: 100 })).runs,
  };
}
