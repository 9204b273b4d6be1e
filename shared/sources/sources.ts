import { createCache } from '../cache.ts';
import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import type { Mapper } from '../mapping/compile.ts';
import { type Alternatives, neededColumns } from '../mapping/neededColumns.ts';
import type { EntityName } from '../model/entities.ts';
import type { OpenTable } from '../store/tables.ts';
import type { DropPlace } from '../sync/drops/place.ts';
import type { PolledSource } from '../sync/poll/polledSource.ts';
import { isEnabled } from './candidate.ts';
import { type CompiledEntity, createMapperCache } from './compiledMapper.ts';
import { configurationsIn, type Kept, type Saved, type SaveOptions } from './configurations.ts';
import { type Dealer, namePattern } from './dealer.ts';
import type { Dealers } from './dealers.ts';
import { entitiesOf, meaningOf, zoneOf } from './effective.ts';
import { sourceCheck } from './faults.ts';
import { type NamedFile, nameFile } from './fileSource.ts';
import type { Packs } from './packs.ts';
import { polledConnector, toPolledSource } from './polledSource.ts';
import { choosePushSource } from './pushSource.ts';
import type { Source } from './source.ts';

/** The source that a pushed batch comes from, ready to take its rows. */
export interface PushSource {
  /** Null where no source covers the entity: rows are canonical. */
  readonly sourceId: string | null;
  readonly mapper: Mapper;
  /** How text is read; those of the connector `push`. */
  readonly settings: { readonly delimiter?: string; readonly quote?: string };
}

/** Whose a file is that has arrived, and what is made of its rows. */
export interface FileSource extends Omit<NamedFile, 'source'> {
  /** Null where no source covers the entity: rows are canonical. */
  readonly sourceId: string | null;
  readonly mapper: Mapper;
  /** Columns without which a file can't be taken; empty where rows are canonical. */
  readonly needed: readonly Alternatives[];
  readonly maxRejectRatio: number | undefined;
  readonly maxDeleteRatio: number | undefined;
  /** What decides how a row becomes a record, as text. */
  readonly meaning: string;
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
   * entity, where there are two to choose from (the message lists them), and where only the pack of a source covers the
   * entity, which the source's own list leaves out; `CONFLICT` (park) where it is disabled
   */
  pushSource(dealerId: string, entity: EntityName, sourceId?: string): Promise<PushSource>;
  /**
   * Where a file comes from: the dealer's enabled `file` source that knows its name, else none, if it has the usual name
   * of an entity that no source covers (rows are canonical).
   * @throws AdpError `CONFIG_ERROR` for a dealer that doesn't exist, or where two sources claim the file; `CONFLICT`
   * (park) where dealer or source are disabled; `DATA_ERROR` (park) for a name that can't be taken
   */
  fileSource(place: DropPlace): Promise<FileSource>;
  /**
   * A source that is polled, as it is now.
   * @throws AdpError `CONFIG_ERROR` where dealer or source don't exist any more, or it is not polled; `CONFLICT` (park)
   * where one of them is disabled, unless that doesn't matter
   */
  polledSource(dealerId: string, sourceId: string, options?: { readonly evenDisabled: boolean }): Promise<PolledSource>;
  /** All enabled sources of a dealer that are polled; those that today's code refuses go to `onFault`. */
  polledSources(
    dealer: Kept<Dealer>,
    onFault: (sourceId: string, error: AdpError) => void,
  ): AsyncIterable<PolledSource>;
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

const idPattern = new RegExp(namePattern);

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

  const withPacks = (sources: readonly Kept<Source>[]) =>
    Promise.all(sources.map(async (source) => ({ source, pack: (await packOf(source))?.value })));

  const polledOf = async (dealer: Kept<Dealer>, source: Kept<Source>): Promise<PolledSource | undefined> => {
    const connector = polledConnector(source.value.connector);
    if (connector === undefined) return undefined;
    const pack = await packOf(source);
    const names = entitiesOf(source.value, pack?.value);
    const ready = names.map((entity) => mappers.compiled(dealer, source, pack, entity));
    // What its dealer and its pack say is part of its configuration.
    const etag = [source, dealer, pack].map((part) => part?.etag ?? '').join(' ');
    return toPolledSource(dealer.id, { ...source, etag }, connector, zoneOf(dealer.value, source.value), ready);
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
      const source = choosePushSource(await withPacks(await none.get(dealerId)), entity, sourceId);
      return toPushSource(source, await compiled(dealerId, entity, source));
    },
    async fileSource(place) {
      const { dealerId } = place;
      const dealer = idPattern.test(dealerId) ? await dealers.find(dealerId) : undefined;
      if (dealer === undefined) throw noSuchFolder(dealerId);
      if (dealer.value.enabled === false) {
        throw new AdpError('CONFLICT', `The dealer ${dealerId} is disabled: nothing is taken.`, {
          disposition: 'park',
        });
      }
      // As they are now: a file comes once, and read by what was true a moment ago it would be refused, or worse.
      const { source, ...named } = nameFile(dealer.value, await withPacks(await load(dealerId)), place);
      const { mapper, effective } = await compiled(dealerId, named.name.entity, source);
      return {
        ...named,
        sourceId: source?.id ?? null,
        mapper,
        needed: effective.mapping === undefined ? [] : neededColumns(effective.mapping, effective.modified),
        maxRejectRatio: effective.maxRejectRatio,
        maxDeleteRatio: effective.maxDeleteRatio,
        meaning: meaningOf(effective),
      };
    },
    async polledSource(dealerId, sourceId, { evenDisabled } = { evenDisabled: false }) {
      const [dealer, source] = await Promise.all([dealerOf(dealerId), kept.read(dealerId, sourceId)]);
      if (source === undefined) throw new AdpError('CONFIG_ERROR', `The source ${sourceId} does not exist any more.`);
      const disabled = dealer.value.enabled === false ? `dealer ${dealerId}` : `source ${sourceId}`;
      if (!evenDisabled && (dealer.value.enabled === false || !isEnabled(source))) {
        throw new AdpError('CONFLICT', `The ${disabled} is disabled: nothing is read until it has "enabled": true.`, {
          disposition: 'park',
        });
      }
      const polled = await polledOf(dealer, source);
      if (polled !== undefined) return polled;
      const { connector } = source.value;
      throw new AdpError('CONFIG_ERROR', `The source ${sourceId} is not polled: its connector is ${connector}.`);
    },
    async *polledSources(dealer, onFault) {
      if (dealer.value.enabled === false) return;
      for await (const source of kept.list(dealer.id)) {
        if (!isEnabled(source)) continue;
        try {
          const polled = await polledOf(dealer, source);
          if (polled !== undefined) yield polled;
        } catch (error) {
          if (!(error instanceof AdpError && error.code === 'CONFIG_ERROR')) throw error;
          onFault(source.id, error);
        }
      }
    },
    async mapperOf(dealerId, entity, sourceId) {
      if (sourceId === null) return (await compiled(dealerId, entity, undefined)).mapper;
      const source = (await cache.get(dealerId)).find(({ id }) => id === sourceId);
      if (source === undefined) throw new AdpError('CONFIG_ERROR', `The source ${sourceId} does not exist any more.`);
      return (await compiled(dealerId, entity, source)).mapper;
    },
  };
}

function noSuchFolder(dealerId: string): AdpError {
  const what = dealerId === '' ? 'The file lies in no folder' : `There is no dealer "${dealerId.slice(0, 64)}"`;
  return new AdpError('CONFIG_ERROR', `${what}: the first folder of a file is its dealer's id.`);
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
  };
}
