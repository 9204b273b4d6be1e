import { invalid } from '../check.ts';
import { AdpError } from '../errors.ts';
import type { Fault } from '../fault.ts';
import { type EntityName, entities } from '../model/entities.ts';
import { noDealer } from '../model/run.ts';
import type { Kept, Saved } from './configurations.ts';
import { type Dealer, dealerCheck } from './dealer.ts';
import type { Dealers } from './dealers.ts';
import { effectiveEntity, entitiesOf, meaningOf, zoneOf } from './effective.ts';
import { faultsWithPack, sourceCheck, sourceFaults } from './faults.ts';
import type { Packs } from './packs.ts';
import { polledConnector } from './polledSource.ts';
import type { Pack, Source } from './source.ts';
import type { Sources } from './sources.ts';

/** What the configuration needs of the versions of records (shared/store/stamps.ts). */
export interface Epochs {
  raiseEpoch(dealerId: string, entity: EntityName): Promise<void>;
}

/** What it needs of the records (shared/store/records.ts). */
export interface DealersRecords {
  any(dealerId: string): Promise<boolean>;
  purge(dealerId: string): Promise<void>;
}

/** What it needs of the files that dealers dropped (shared/arrivals.ts). */
export interface DealersFiles {
  purge(dealerId: string): Promise<void>;
}

/** What it needs of the door that polls. */
export interface PolledCursors {
  /** The next read of these entities is of everything. */
  reset(dealerId: string, sourceId: string, entities: Iterable<EntityName>): Promise<void>;
  /** The source is gone. */
  forget(dealerId: string, sourceId: string): Promise<void>;
}

/** What else speaks of a dealer: its keys, its runs, its quarantine, its baselines, and how far it was polled. */
export interface DealersHistory {
  purge(dealerId: string): Promise<void>;
}

/**
 * Changes what dealers, sources and packs are. Where a change gives an entity's rows another meaning (mapping,
 * modification time, zone), its epoch rises before the change can be seen: so what is sent again wins over what is held.
 * If the write then fails, the epoch has risen for nothing, which is harmless.
 *
 * All writes take the ETag that must still be there, and throw `CONFLICT` where it isn't; `CONFIG_ERROR` with all faults
 * at once for what isn't valid.
 */
export interface Configuration {
  saveDealer(dealerId: string, dealer: unknown, etag?: string): Promise<Saved>;
  /**
   * The dealer with its sources, keys, runs, quarantine and baselines; with `purge` its records and the files in `drops`
   * too. Each step is harmless twice, and the dealer itself goes last: until then it is disabled, and can be asked for
   * again. What it leaves is what no longer says anything of its data: the epochs of its entities, so that what comes
   * under the same id one day wins over all that was sent before; claims, which no name gives away as a dealer's and a
   * lifecycle rule removes; secrets in Key Vault and the files of its share, which are not the hub's.
   * @throws AdpError `CONFLICT` (park) where records are left and `purge` is false
   */
  removeDealer(
    dealerId: string,
    options: { readonly etag?: string | undefined; readonly purge: boolean },
  ): Promise<void>;
  saveSource(dealer: Kept<Dealer>, sourceId: string, source: unknown, etag?: string): Promise<Saved>;
  removeSource(dealer: Kept<Dealer>, source: Kept<Source>): Promise<void>;
  /** @throws AdpError `CONFIG_ERROR` also where it would break a source that extends it */
  savePack(name: string, pack: unknown, etag?: string): Promise<Saved>;
  /** @throws AdpError `CONFLICT` (park) that lists the sources that extend it */
  removePack(pack: Kept<Pack>): Promise<void>;
  /** The source starts over: what it sends next wins, whatever its times. Answers the entities, or the one asked for. */
  reset(source: Kept<Source>, dealerId: string, entity?: EntityName): Promise<EntityName[]>;
}

export interface ConfigurationDeps {
  readonly dealers: Dealers;
  readonly sources: Sources;
  readonly packs: Packs;
  readonly epochs: Epochs;
  readonly cursors: PolledCursors;
  readonly records: DealersRecords;
  readonly files: DealersFiles;
  readonly history: DealersHistory;
}

const everyEntity = Object.values(entities).map(({ name }) => name);

export function createConfiguration(deps: ConfigurationDeps): Configuration {
  const { dealers, sources, packs, epochs, cursors, records, files, history } = deps;
  const packOf = async (source: Source): Promise<Pack | undefined> =>
    source.extends === undefined ? undefined : (await packs.read(source.extends))?.value;

  const raise = async (dealerId: string, names: Iterable<EntityName>) => {
    for (const entity of new Set(names)) await epochs.raiseEpoch(dealerId, entity);
  };

  /** Every source that extends a pack, with its dealer. */
  async function* extending(name: string): AsyncGenerator<{ dealer: Kept<Dealer>; source: Kept<Source> }> {
    for await (const dealer of dealers.list()) {
      for await (const source of sources.list(dealer.id)) if (source.value.extends === name) yield { dealer, source };
    }
  }

  /** After the epoch has risen, so that whoever starts over has the new one. */
  const startOver = async (dealerId: string, { id, value }: Kept<Source>, names: readonly EntityName[]) => {
    if (polledConnector(value.connector) !== undefined) await cursors.reset(dealerId, id, names);
  };
  /** Also of entities that it once brought: the next source of its id may have another system behind it. */
  const forgetPolls = async (dealerId: string, source: Kept<Source>) => {
    await startOver(dealerId, source, everyEntity);
    await cursors.forget(dealerId, source.id);
  };

  return {
    async saveDealer(dealerId, value, etag) {
      const faults = dealerCheck.faults(value, 'CONFIG_ERROR');
      if (faults.length > 0) throw invalid('The dealer', faults);
      if (dealerId === noDealer) {
        throw new AdpError(
          'CONFIG_ERROR',
          `No dealer can be called ${noDealer}: that is who files belong to that no dealer has.`,
        );
      }
      const dealer = dealerCheck.parse(value);
      return dealers.save(dealerId, dealer, {
        etag,
        before: async (current) => {
          if (current === undefined || zoneOf(current.value) === zoneOf(dealer)) return;
          // Rows that no source covers are canonical and in the dealer's zone: any entity may have some.
          await raise(dealerId, everyEntity);
        },
      });
    },

    async removeDealer(dealerId, { etag, purge }) {
      const dealer = await dealers.read(dealerId);
      if (dealer === undefined) return;
      if (etag !== undefined && dealer.etag !== etag) throw changedMeanwhile(dealerId);
      if (!purge && (await records.any(dealerId))) {
        throw new AdpError('CONFLICT', 'The dealer still has records. Delete it with ?purge=true to delete them too.', {
          disposition: 'park',
        });
      }
      // Nothing may come in while it is emptied, and what fails halfway can be asked for again.
      const saved = await dealers.save(dealerId, { ...dealer.value, enabled: false }, { etag: dealer.etag });
      if (purge) {
        await records.purge(dealerId);
        await files.purge(dealerId);
      }
      // Nothing that was read before is held, whoever removed it: should the dealer come back, its files must be read anew.
      await raise(dealerId, everyEntity);
      for await (const { id } of sources.list(dealerId)) await sources.remove(dealerId, id);
      await history.purge(dealerId);
      await dealers.remove(dealerId, saved.etag);
    },

    async saveSource(dealer, sourceId, value, etag) {
      const named = typeof value === 'object' && value !== null && 'extends' in value ? value.extends : undefined;
      const pack = typeof named === 'string' ? (await packs.read(named))?.value : undefined;
      const faults = sourceFaults(value, { dealer: dealer.value, pack });
      if (faults.length > 0) throw invalid('The source', faults);
      const source = sourceCheck.parse(value);
      return sources.save(dealer.id, sourceId, source, {
        etag,
        before: async (current) => {
          const before = meanings(dealer.value, current?.value, current && (await packOf(current.value)));
          await raise(dealer.id, changedEntities(before, meanings(dealer.value, source, pack)));
        },
      });
    },

    async removeSource(dealer, source) {
      await raise(dealer.id, entitiesOf(source.value, await packOf(source.value)));
      await forgetPolls(dealer.id, source);
      await sources.remove(dealer.id, source.id, source.etag);
      // A page that began meanwhile has told how far it came.
      await forgetPolls(dealer.id, source);
    },

    savePack: (name, value, etag) =>
      packs.save(name, value, {
        etag,
        before: async (pack, current) => {
          const concerned = await Array.fromAsync(extending(name));
          const faults = concerned.flatMap(({ dealer, source }) =>
            brokenBy(pack, dealer, source).map((fault) => ({ ...fault, detail: inSource(dealer, source, fault) })),
          );
          if (faults.length > 0) throw invalid('The pack', faults);
          for (const { dealer, source } of concerned) {
            const before = meanings(dealer.value, source.value, current);
            await raise(dealer.id, changedEntities(before, meanings(dealer.value, source.value, pack)));
          }
        },
      }),

    async removePack(pack) {
      const users = (await Array.fromAsync(extending(pack.id))).map(
        ({ dealer, source }) => `${dealer.id}/${source.id}`,
      );
      if (users.length > 0) {
        throw new AdpError('CONFLICT', `Sources extend this pack: ${users.join(', ')}.`, { disposition: 'park' });
      }
      await packs.remove(pack.id, pack.etag);
    },

    async reset(source, dealerId, entity) {
      const all = entitiesOf(source.value, await packOf(source.value));
      const some = entity === undefined ? all : all.filter((name) => name === entity);
      await raise(dealerId, some);
      await startOver(dealerId, source, some);
      return some;
    },
  };
}

type Meanings = ReadonlyMap<EntityName, string>;

function meanings(dealer: Dealer, source: Source | undefined, pack: Pack | undefined): Meanings {
  if (source === undefined) return new Map();
  return new Map(
    entitiesOf(source, pack).map((entity) => [entity, meaningOf(effectiveEntity(dealer, source, pack, entity))]),
  );
}

/** Also those that only one of the two has: without a source, rows are canonical, which is another meaning. */
function changedEntities(before: Meanings, after: Meanings): EntityName[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((entity) => before.get(entity) !== after.get(entity));
}

function brokenBy(pack: Pack, dealer: Kept<Dealer>, source: Kept<Source>): Fault[] {
  return faultsWithPack(dealer.value, source.value, pack);
}

function inSource(dealer: Kept<Dealer>, source: Kept<Source>, { detail }: Fault): string {
  return `breaks the source ${dealer.id}/${source.id}: ${detail}`;
}

function changedMeanwhile(dealerId: string): AdpError {
  return new AdpError('CONFLICT', `The dealer ${dealerId} was changed meanwhile: read it again and decide.`);
}
