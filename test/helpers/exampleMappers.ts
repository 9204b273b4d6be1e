import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import { extendMapping, type MappingOverrides } from '../../shared/mapping/extend.ts';
import type { EntityMapping, FieldMapping } from '../../shared/mapping/schema.ts';
import { type EntityName, isEntityName } from '../../shared/model/entities.ts';

interface EntityPart {
  readonly mapping?: MappingOverrides;
  readonly modified?: FieldMapping;
  readonly keep_unmapped?: boolean;
}

interface HubFile {
  readonly packs: Record<string, { readonly entities: Record<string, EntityPart> }>;
  readonly dealers: Record<
    string,
    {
      readonly time_zone: string;
      readonly sources: Record<string, { readonly extends?: string; readonly entities?: Record<string, EntityPart> }>;
    }
  >;
}

/** The mappers of a configuration file, by `dealer/entity`: what the hub will make of it. */
export async function readMappers(file: string): Promise<Map<string, Mapper>> {
  const hub: HubFile = parse(await readFile(file, 'utf8'));
  const mappers = new Map<string, Mapper>();
  for (const [dealer, { time_zone, sources }] of Object.entries(hub.dealers)) {
    for (const source of Object.values(sources)) {
      const base = source.extends === undefined ? {} : (hub.packs[source.extends]?.entities ?? {});
      const own = source.entities ?? {};
      for (const entity of new Set([...Object.keys(base), ...Object.keys(own)])) {
        if (!isEntityName(entity)) throw new Error(`${entity} is no entity`);
        mappers.set(`${dealer}/${entity}`, mapperOf(entity, base[entity] ?? {}, own[entity] ?? {}, time_zone));
      }
    }
  }
  return mappers;
}

function mapperOf(entity: EntityName, base: EntityPart, own: EntityPart, zone: string): Mapper {
  const pack = Object.entries(base.mapping ?? {}).filter((entry): entry is [string, FieldMapping] => entry[1] !== null);
  const mapping: EntityMapping = extendMapping(Object.fromEntries(pack), own.mapping ?? {});
  const { modified, keep_unmapped } = { ...base, ...own };
  return compileMapper({ entity, mapping, modified, keepUnmapped: keep_unmapped ?? false, zone });
}
