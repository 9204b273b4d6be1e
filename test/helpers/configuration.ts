import type { EntityName } from '../../shared/model/entities.ts';
import { type Configuration, createConfiguration } from '../../shared/sources/configuration.ts';
import type { Kept } from '../../shared/sources/configurations.ts';
import type { Dealer } from '../../shared/sources/dealer.ts';
import { type Dealers, dealersIn } from '../../shared/sources/dealers.ts';
import { type Packs, packsIn } from '../../shared/sources/packs.ts';
import { type Sources, sourcesIn } from '../../shared/sources/sources.ts';
import { type TestClock, testClock } from './clock.ts';
import { type MemoryTables, memoryTables } from './memoryTable.ts';

/** One instance's configuration, over tables in memory. */
export interface TestConfiguration {
  readonly clock: TestClock;
  readonly tables: MemoryTables;
  readonly dealers: Dealers;
  readonly sources: Sources;
  readonly packs: Packs;
  readonly configuration: Configuration;
  /** Epochs as they rose, as `acme/part_stock`. */
  readonly raised: string[];
  /** Polled entities that are to be read anew, as `acme/dms/part_stock`. */
  readonly startedOver: string[];
  /** Called when an epoch rises. */
  onRaise: (dealerId: string, entity: EntityName) => Promise<void>;
  /** Dealers that have records. */
  readonly withRecords: Set<string>;
  /** Dealers that have dropped files. */
  readonly withFiles: Set<string>;
  /** Dealers whose history was removed. */
  readonly withoutHistory: ReadonlySet<string>;
  dealer(id: string, dealer?: Partial<Dealer>): Promise<Kept<Dealer>>;
  source(dealerId: string, sourceId: string, source: object): Promise<void>;
  pack(name: string, pack: object): Promise<void>;
}

export function testConfiguration(tables = memoryTables(), clock = testClock()): TestConfiguration {
  const dealers = dealersIn(tables.open, clock);
  const packs = packsIn(tables.open, clock);
  const sources = sourcesIn({ openTable: tables.open, clock, dealers, packs });
  const raised: string[] = [];
  const startedOver: string[] = [];
  const withRecords = new Set<string>();
  const withFiles = new Set<string>();
  const withoutHistory = new Set<string>();
  const configuration = createConfiguration({
    dealers,
    sources,
    packs,
    epochs: {
      async raiseEpoch(dealerId, entity) {
        await test.onRaise(dealerId, entity);
        raised.push(`${dealerId}/${entity}`);
      },
    },
    cursors: {
      async reset(dealerId, sourceId, entities) {
        for (const entity of entities) startedOver.push(`${dealerId}/${sourceId}/${entity}`);
      },
      forget: async () => undefined,
    },
    records: {
      any: async (dealerId) => withRecords.has(dealerId),
      async purge(dealerId) {
        withRecords.delete(dealerId);
      },
    },
    files: {
      async purge(dealerId) {
        withFiles.delete(dealerId);
      },
    },
    history: {
      async purge(dealerId) {
        withoutHistory.add(dealerId);
      },
    },
  });
  const test: TestConfiguration = {
    clock,
    tables,
    dealers,
    sources,
    packs,
    configuration,
    raised,
    startedOver,
    withRecords,
    withFiles,
    withoutHistory,
    onRaise: async () => {},
    async dealer(id, dealer = {}) {
      await configuration.saveDealer(id, { name: id, ...dealer });
      const kept = await dealers.read(id);
      if (kept === undefined) throw new Error('It was just saved.');
      return kept;
    },
    async source(dealerId, sourceId, source) {
      const dealer = (await dealers.read(dealerId)) ?? (await test.dealer(dealerId));
      await configuration.saveSource(dealer, sourceId, source);
    },
    async pack(name, pack) {
      await configuration.savePack(name, pack);
    },
  };
  return test;
}
