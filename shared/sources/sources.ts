import { createCache } from '../cache.ts';

import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import type { Mapper } from '../mapping/compile.ts';
import type { EntityName } from '../model/entities.ts';
import type { OpenTable } from '../store/tables.ts';
import { type CompiledEntity, createMapperCache } from './compiledMapper.ts';
import { configurationsIn, type Kept, type Saved, type SaveOptions } from './configurations.ts';
import type { Dealer } from './dealer.ts';
import type { Dealers } from './dealers.ts';
import { sourceCheck } from './faults.ts';
import type { Packs } from './packs.ts';
import { choosePushSource } from './pushSource.ts';
import type { Source } from './source.ts';

/** The source that a pushed batch comes from, ready to take its rows. */
export interface PushSource {
  /** Null where no source covers the entity: rows are canonical. */
  readonly sourceId: string | null;
  readonly mapper: Mapper;
  /** How text is read; those of the connector `push`. */
  readonly settings: { readonly delimiter?: string; readonly quote?: string };
  readonly maxRejectRatio?: number;
}

/** The sources of dealers, in the table `sources`. Errors are those of `Configurations`. */
export interface Sources {
  /** As the source is now. */
  read(dealerId: string, sourceId: string): Promise<Kept<Source> | undefined>;
  /** In the order of ids, from `from` (inclusive) on. */
  list(dealerId: string, from?: string): AsyncIterable<Kept<Source>>;
  /** Stores what was checked; see `Configuration`. */
  save(dealerId: string, sourceId: string, source: Source, options: SaveOptions<Source>): Promise<Saved>;
  remove(dealerId: string, sourceId: string, etag?: string): Promise<void>;
  /**
   * Where a push of that entity comes from: the source that it names, else the dealer's only enabled `push` source with
   * that entity, else none (rows are canonical).
   * @throws AdpError `CONFIG_ERROR` where the named source doesn't exist, isn't a `push` source or doesn't bring the
   * entity, and where there are two to choose from (the message lists them); `CONFLICT` (park) where it is disabled
   */
  pushSource(dealerId: string, entity: EntityName, sourceId?: string): Promise<PushSource>;
  /**
   * Today's mapping of a source; canonical for null. Disabled sources have one too.
   * @throws AdpError `CONFIG_ERROR` where dealer or source don't exist any more, or the source doesn't bring the entity
   */
  mapperOf(dealerId: string, entity: EntityName, sourceId: string | null): Promise<Mapper>;
}

export interface SourcesOptions {
  readonly openTable: OpenTable;
  readonly clock: Clock;
  readonly dealers: Pick<Dealers, 'find'>;
  readonly packs: Pick<Packs, 'find'>;
}

const cacheMs = 10_000;
/** Pushing before a source exists is a mistake that is noticed at once: so "there is none" is believed only briefly. */
const noneMs = 1_000;
const maxCached = 2_000;

export function sourcesIn({ openTable, clock, dealers, packs }: SourcesOptions): Sources {
  const kept = configurationsIn({ table: openTable('sources'), kind: 'source', check: sourceCheck, clock });
  const mappers = createMapperCache();
  const load = (dealerId: string) => Array.fromAsync(kept.list(dealerId));
  const cache = createCache({ load, ttlMs: cacheMs, max: maxCached, clock, keep: (sources) => sources.length > 0 });
  const none = createCache({ load: cache.get, ttlMs: noneMs, max: maxCached, clock });
  const forget = (dealerId: string) => {
    cache.forget(dealerId);
    none.forget(dealerId);
  };

  const dealerOf = async (dealerId: string): Promise<Kept<Dealer>> => {
    const dealer = await dealers.find(dealerId);
    if (dealer === undefined) throw new AdpError('CONFIG_ERROR', `The dealer ${dealerId} does not exist any more.`);
    return dealer;
  };
  const packOf = async ({ value }: Kept<Source>) =>
    value.extends === undefined ? undefined : await packs.find(value.extends);

  const compiled = async (dealerId: string, entity: EntityName, source: Kept<Source> | undefined) => {
    const dealer = await dealerOf(dealerId);
    if (source === undefined) return mappers.canonical(dealer, entity);
    return mappers.compiled(dealer, source, await packOf(source), entity);
  };

  const choose = async (dealerId: string, entity: EntityName, sourceId: string | undefined) => {
    const sources = await none.get(dealerId);
    const withPacks = await Promise.all(
      sources.map(async (source) => ({ source, pack: (await packOf(source))?.value })),
    );
    return choosePushSource(withPacks, entity, sourceId);
  };

  return {
    read: (dealerId, sourceId) => kept.read(dealerId, sourceId),
    list: (dealerId, from) => kept.list(dealerId, from),
    async save(dealerId, sourceId, source, options) {
      try {
        return await kept.save(dealerId, sourceId, source, options);
      } finally {
        forget(dealerId);
      }
    },
    async remove(dealerId, sourceId, etag) {
      try {
        await kept.remove(dealerId, sourceId, etag);
      } finally {
        forget(dealerId);
      }
    },
    async pushSource(dealerId, entity, sourceId) {
      const source = await choose(dealerId, entity, sourceId);
      return toPushSource(source, await compiled(dealerId, entity, source));
    },
    async mapperOf(dealerId, entity, sourceId) {
      if (sourceId === null) return (await compiled(dealerId, entity, undefined)).mapper;
      const source = (await cache.get(dealerId)).find(({ id }) => id === sourceId);
      if (source === undefined) throw new AdpError('CONFIG_ERROR', `The source ${sourceId} does not exist any more.`);
      return (await compiled(dealerId, entity, source)).mapper;
    },
  };
}

function toPushSource(source: Kept<Source> | undefined, { mapper, effective }: CompiledEntity): PushSource {
  const { delimiter, quote } = effective.settings;
  return {
    sourceId: source?.id ?? null,
    mapper,
    settings: {
      ...(typeof delimiter === 'string' ? { delimiter } : {}),
      ...(typeof quote === 'string' ? { quote } : {}),
    },
    ...(effective.maxRejectRatio === undefined ? {} : { maxRejectRatio: effective.maxRejectRatio }),
  };
}
