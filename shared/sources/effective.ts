import { extendMapping, type MappingOverrides } from '../mapping/extend.ts';
import type { EntityMapping, FieldMapping } from '../mapping/schema.ts';
import { canonicalJson } from '../model/canonicalJson.ts';
import { type EntityName, isEntityName } from '../model/entities.ts';
import type { JsonValue } from '../model/json.ts';
import type { Dealer } from './dealer.ts';
import type { Pack, Source } from './source.ts';

/** What holds for one entity of a source, once pack, source and dealer are laid over each other. */
export interface EffectiveEntity {
  readonly entity: EntityName;
  /** Absent: rows are canonical already. */
  readonly mapping?: EntityMapping;
  readonly keepUnmapped: boolean;
  readonly modified?: FieldMapping;
  /** IANA. */
  readonly zone: string;
  /** What connector and format need, in the connector's own words. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of polled sources, as configured. */
  readonly cursor: CursorConfiguration;
  /** Absent: the usual one. */
  readonly maxDeleteRatio?: number;
  /** Absent: the usual one. */
  readonly maxRejectRatio?: number;
}

export type CursorConfiguration = NonNullable<NonNullable<Source['entities']>[string]['cursor']>;

/** The entities that a source brings: those that it lists, else those of its pack. */
export function entitiesOf(source: Source, pack: Pack | undefined): EntityName[] {
  return Object.keys(source.entities ?? pack?.entities ?? {}).filter(isEntityName);
}

export function zoneOf(dealer: Dealer, source?: Source): string {
  return source?.time_zone ?? dealer.time_zone ?? 'UTC';
}

/**
 * What holds for an entity of a source: the source's own word before the pack's, field by field in mapping and settings.
 * Times without a zone are in the source's zone, else the dealer's, else UTC.
 */
export function effectiveEntity(
  dealer: Dealer,
  source: Source,
  pack: Pack | undefined,
  entity: EntityName,
): EffectiveEntity {
  const base = pack?.entities[entity];
  const own = source.entities?.[entity];
  const mapping = mergedMapping(base?.mapping, own?.mapping);
  const modified = own?.modified ?? base?.modified;
  const maxDeleteRatio = own?.max_delete_ratio ?? base?.max_delete_ratio;
  const maxRejectRatio = own?.max_reject_ratio ?? base?.max_reject_ratio;
  return {
    entity,
    ...(mapping === undefined ? {} : { mapping }),
    keepUnmapped: own?.keep_unmapped ?? base?.keep_unmapped ?? false,
    ...(modified === undefined ? {} : { modified }),
    zone: zoneOf(dealer, source),
    settings: { ...base?.settings, ...own?.settings },
    cursor: { ...base?.cursor, ...own?.cursor },
    ...(maxDeleteRatio === undefined ? {} : { maxDeleteRatio }),
    ...(maxRejectRatio === undefined ? {} : { maxRejectRatio }),
  };
}

/**
 * What decides how a row becomes a record, as text: two configurations with the same text give the same records. When it
 * changes, the entity's epoch rises (architecture.md, "Versions").
 */
export function meaningOf({ mapping, keepUnmapped, modified, zone }: EffectiveEntity): string {
  const meaning: unknown = JSON.parse(JSON.stringify({ mapping, keepUnmapped, modified, zone }));
  return canonicalJson(meaning as JsonValue);
}

function mergedMapping(
  base: EntityMapping | undefined,
  overrides: MappingOverrides | undefined,
): EntityMapping | undefined {
  return base === undefined && overrides === undefined ? undefined : extendMapping(base ?? {}, overrides ?? {});
}
