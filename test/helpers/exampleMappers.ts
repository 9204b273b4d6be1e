import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import { effectiveEntity, entitiesOf } from '../../shared/sources/effective.ts';
import { mapperOptions } from '../../shared/sources/faults.ts';
import { readSources } from './exampleSources.ts';

/** The mappers of a configuration file, by `dealer/entity`: what the hub will make of it. */
export async function readMappers(file: string): Promise<Map<string, Mapper>> {
  const mappers = new Map<string, Mapper>();
  for (const { dealerId, dealer, source, pack } of await readSources(file)) {
    for (const entity of entitiesOf(source.value, pack)) {
      const mapper = compileMapper(mapperOptions(effectiveEntity(dealer, source.value, pack, entity)));
      mappers.set(`${dealerId}/${entity}`, mapper);
    }
  }
  return mappers;
}
