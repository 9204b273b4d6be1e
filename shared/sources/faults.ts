import { type Check, checkJson } from '../check.ts';
import { AdpError } from '../errors.ts';
import type { Fault } from '../fault.ts';
import { compileMapper } from '../mapping/compile.ts';
import { isEntityName } from '../model/entities.ts';
import { type ConnectorSettings, connectorNames, connectors } from './connectors.ts';
import type { Dealer } from './dealer.ts';
import { type EffectiveEntity, effectiveEntity, entitiesOf } from './effective.ts';
import { polledFaults } from './polledFaults.ts';
import { polledConnector } from './polledSource.ts';
import { secretsIn } from './secrets.ts';
import { type Pack, packEntitySchema, packSchema, type Source, sourceEntitySchema, sourceSchema } from './source.ts';

export const sourceCheck = checkJson(sourceSchema);
export const packCheck = checkJson(packSchema);

const sourceEntityCheck = checkJson(sourceEntitySchema);
const packEntityCheck = checkJson(packEntitySchema);

/** What a source may build on. */
export interface SourceSurroundings {
  readonly dealer: Dealer;
  /** The pack that the source names, if there is one. */
  readonly pack: Pack | undefined;
}

/** Everything that is wrong with a source, at once: its form, its connector, its settings, its mappings. */
export function sourceFaults(value: unknown, { dealer, pack }: SourceSurroundings): Fault[] {
  const faults = [...sourceCheck.faults(value, 'CONFIG_ERROR'), ...secretFaults(value)];
  if (!isObject(value)) return faults;
  faults.push(...connectorFaults(value, pack));
  if (typeof value.extends === 'string' && pack === undefined) {
    faults.push(fault('extends', 'names no pack that exists'));
  }
  const entities = sound(value.entities, sourceEntityCheck);
  const source: Source = { connector: 'push', ...(entities === undefined ? {} : { entities }) };
  if (faults.length === 0 && entitiesOf(source, pack).length === 0 && value.connector !== 'webhook') {
    faults.push(fault('entities', 'must name at least one entity'));
  }
  const mapped = mappingFaults(dealer, source, pack);
  const isSound = faults.length === 0 && mapped.length === 0;
  return [...faults, ...mapped, ...(isSound ? connectionFaults(dealer, sourceCheck.parse(value), pack) : [])];
}

/** What no schema can say of how a source is read. */
function connectionFaults(dealer: Dealer, source: Source, pack: Pack | undefined): Fault[] {
  const connector = polledConnector(source.connector);
  return connector === undefined ? [] : polledFaults(connector, dealer, source, pack);
}

/** What would be wrong with a source that was right, with another pack. */
export function faultsWithPack(dealer: Dealer, source: Source, pack: Pack | undefined): Fault[] {
  const faults = [...connectorFaults({ ...source }, pack), ...mappingFaults(dealer, source, pack)];
  return faults.length > 0 ? faults : connectionFaults(dealer, source, pack);
}

/** Everything that is wrong with a pack by itself: each of its mappings is complete, so that a source may take it as it is. */
export function packFaults(value: unknown): Fault[] {
  const faults = [...packCheck.faults(value, 'CONFIG_ERROR'), ...secretFaults(value)];
  if (!isObject(value)) return faults;
  const pack: Pack = { entities: sound(value.entities, packEntityCheck) ?? {} };
  return [...faults, ...mappingFaults({ name: '' }, { connector: 'push' }, pack)];
}

/** What is wrong with the mappings of a source, its pack's parts included. */
export function mappingFaults(dealer: Dealer, source: Source, pack: Pack | undefined): Fault[] {
  return entitiesOf(source, pack).flatMap((entity) => {
    try {
      compileMapper(mapperOptions(effectiveEntity(dealer, source, pack, entity)));
      return [];
    } catch (error) {
      if (!(error instanceof AdpError && error.code === 'CONFIG_ERROR')) throw error;
      return [fault(`entities.${entity}.mapping`, error.message)];
    }
  });
}

/** What the mapper needs of what holds for an entity. */
export function mapperOptions({ entity, mapping, keepUnmapped, modified, zone }: EffectiveEntity) {
  return {
    entity,
    keepUnmapped,
    zone,
    ...(mapping === undefined ? {} : { mapping }),
    ...(modified === undefined ? {} : { modified }),
  };
}

/** Entities' settings are those of the pack with the source's own on top. */
function connectorFaults({ connector, settings, entities }: Record<string, unknown>, pack: Pack | undefined): Fault[] {
  const known = connectorNames.find((name) => name === connector);
  if (known === undefined) return [];
  const built = connectors[known];
  if (built === undefined) {
    return [fault('connector', `is not available yet; available are ${Object.keys(connectors).join(', ')}`)];
  }
  const checks = checksOf(built);
  const own = isObject(entities) ? entities : (pack?.entities ?? {});
  const perEntity = Object.entries(own).flatMap(([entity, value]) => {
    if (!isObject(value)) return [];
    const base = isEntityName(entity) ? pack?.entities[entity]?.settings : undefined;
    const merged = isObject(value.settings) ? { ...base, ...value.settings } : (value.settings ?? base ?? {});
    return within(`entities.${entity}.settings`, checks.entity, merged);
  });
  return [...within('settings', checks.source, settings ?? {}), ...perEntity];
}

function checksOf({ source, entity }: ConnectorSettings) {
  return { source: checkJson(source), entity: checkJson(entity) };
}

function within(place: string, check: Check<unknown>, value: unknown): Fault[] {
  return check.faults(value, 'CONFIG_ERROR').map((found) => ({
    ...found,
    field: found.field === '' ? place : `${place}.${found.field}`,
  }));
}

function secretFaults(value: unknown): Fault[] {
  if (!isObject(value)) return [];
  const entities = Object.entries(isObject(value.entities) ? value.entities : {});
  const places = [
    ...secretsIn(value.settings, ['settings']),
    ...entities.flatMap(([entity, own]) =>
      isObject(own) ? secretsIn(own.settings, ['entities', entity, 'settings']) : [],
    ),
  ];
  return places.map((place) => fault(place, 'looks like a secret: keep it in Key Vault and name it in credential'));
}

/** The entities whose form is right, so that what they mean can be checked whatever is wrong elsewhere. */
function sound<Entity>(entities: unknown, check: Check<Entity>): Record<string, Entity> | undefined {
  if (!isObject(entities)) return undefined;
  const right: Record<string, Entity> = {};
  for (const [name, value] of Object.entries(entities)) {
    if (isEntityName(name) && check.faults(value).length === 0) right[name] = check.parse(value);
  }
  return right;
}

function fault(field: string, detail: string): Fault {
  return { field, code: 'CONFIG_ERROR', detail };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
