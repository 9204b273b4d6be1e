import { readFiles } from '../../cli/configuration/readFiles.ts';
import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import { dealerCheck } from '../../shared/sources/dealer.ts';
import { effectiveEntity, entitiesOf } from '../../shared/sources/effective.ts';
import { mapperOptions, packCheck, sourceCheck } from '../../shared/sources/faults.ts';

/** The mappers of a configuration file, by `dealer/entity`: what the hub will make of it. */
export async function readMappers(file: string): Promise<Map<string, Mapper>> {
  const items = await readFiles([file], process.cwd());
  const wanted = (kind: string, name: string | undefined): unknown =>
    items.find((item) => item.kind === kind && item.name === name)?.wanted;
  const mappers = new Map<string, Mapper>();
  for (const item of items.filter(({ kind }) => kind === 'source')) {
    const [dealerId] = item.name.split('/');
    const dealer = dealerCheck.parse(wanted('dealer', dealerId));
    const source = sourceCheck.parse(item.wanted);
    const pack = source.extends === undefined ? undefined : packCheck.parse(wanted('pack', source.extends));
    for (const entity of entitiesOf(source, pack)) {
      const mapper = compileMapper(mapperOptions(effectiveEntity(dealer, source, pack, entity)));
      mappers.set(`${dealerId}/${entity}`, mapper);
    }
  }
  return mappers;
}
