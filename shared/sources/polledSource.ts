import { hash } from 'node:crypto';
import type { Connector, CursorSettings, Query } from '../connectors/connector.ts';
import { polledConnectors } from '../connectors/registry.ts';
import { neededColumns } from '../mapping/neededColumns.ts';
import type { FieldMapping } from '../mapping/schema.ts';
import { canonicalJson } from '../model/canonicalJson.ts';
import type { JsonObject } from '../model/json.ts';
import type { PolledEntity, PolledSource } from '../sync/poll/polledSource.ts';
import type { CompiledEntity } from './compiledMapper.ts';
import type { Kept } from './configurations.ts';
import type { ConnectorName } from './connectors.ts';
import { type EffectiveEntity, meaningOf } from './effective.ts';
import type { Source } from './source.ts';

const usualOverlapSeconds = 300;
const usualOverlapIds = 1_000;
const usualConcurrency = 2;

/** The connector of a source that is polled; undefined for other doors. */
export function polledConnector(name: ConnectorName): Connector | undefined {
  return Object.values(polledConnectors).find((connector) => connector.name === name);
}

/** A source of a polled connector, ready to be read. @param zone the source's, IANA */
export function toPolledSource(
  dealerId: string,
  { id, etag, value }: Kept<Source>,
  connector: Connector,
  zone: string,
  entities: readonly CompiledEntity[],
): PolledSource {
  const { limits = {}, schedule = {} } = value;
  return {
    dealerId,
    sourceId: id,
    etag,
    connector,
    settings: toJsonObject(value.settings ?? {}),
    credential: value.credential,
    zone,
    schedule,
    limits,
    concurrency: limits.concurrency ?? usualConcurrency,
    entities: entities.map((entity) => toPolledEntity(entity, connector)),
  };
}

/** What a connector is asked for an entity, as far as it can be said without its mapping compiled. */
export function cursorSettings(
  { cursor, modified }: Pick<EffectiveEntity, 'cursor' | 'modified'>,
  connector: Connector,
): CursorSettings {
  const modifiedColumn = columnOf(modified);
  const [usual] = connector.capabilities.cursors;
  const kind = cursor.kind ?? (modifiedColumn === undefined ? 'full' : (usual ?? 'full'));
  // A rowversion is no time, and others stand in no column.
  const isInColumn = kind === 'timestamp' || kind === 'monotonic_id';
  return {
    kind,
    column: cursor.column ?? (isInColumn ? modifiedColumn : undefined),
    overlapSeconds: cursor.overlap_seconds ?? usualOverlapSeconds,
    overlapIds: cursor.overlap_ids ?? usualOverlapIds,
  };
}

function toPolledEntity({ effective, mapper }: CompiledEntity, connector: Connector): PolledEntity {
  const { entity, mapping, modified, keepUnmapped, cursor } = effective;
  const settings = toJsonObject(effective.settings);
  const cursorOf = cursorSettings(effective, connector);
  const { kind, column } = cursorOf;
  const isAll = mapping === undefined || keepUnmapped;
  const query: Query = {
    entity,
    settings,
    cursor: cursorOf,
    columns: isAll ? undefined : mapper.columns,
    needed: mapping === undefined ? [] : neededColumns(mapping, modified),
    keyColumns: mapper.keyColumns,
    zone: effective.zone,
  };
  return {
    entity,
    query,
    mapper,
    meaning: shortOf(meaningOf(effective)),
    origin: shortOf(canonicalJson({ connector: connector.name, kind, column: column ?? null, settings })),
    maxRejectRatio: effective.maxRejectRatio,
    maxDeleteRatio: effective.maxDeleteRatio,
    sweep: cursor.sweep,
    reconcile: cursor.reconcile,
  };
}

/** The one source field that a rule reads, where it is one. */
function columnOf(rule: FieldMapping | undefined): string | undefined {
  if (typeof rule === 'string') return rule;
  return typeof rule?.from === 'string' ? rule.from : undefined;
}

function shortOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

/** Configurations are JSON, and objects: their schema has checked it. */
export function toJsonObject(value: Readonly<Record<string, unknown>>): JsonObject {
  const copy: JsonObject = JSON.parse(JSON.stringify(value));
  return copy;
}
