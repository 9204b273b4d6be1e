import { checkJson } from '../../shared/check.ts';
import type { FormatName, ReadOptions } from '../../shared/formats/format.ts';
import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import type { EntityName } from '../../shared/model/entities.ts';
import { dealerCheck } from '../../shared/sources/dealer.ts';
import { effectiveEntity, zoneOf } from '../../shared/sources/effective.ts';
import { mapperOptions } from '../../shared/sources/faults.ts';
import { fileReading } from '../../shared/sources/fileSource.ts';
import { packSchema, sourceSchema } from '../../shared/sources/source.ts';
import type { HubClient } from '../client.ts';
import { pathOf } from '../paths.ts';

const sourceCheck = checkJson(sourceSchema);
const packCheck = checkJson(packSchema);

export interface SourceMapping {
  readonly mapper: Mapper;
  readonly options: ReadOptions;
  readonly format: FormatName | undefined;
}

/**
 * The zone in which a dealer's times count that come without one; undefined where the key may not read it.
 * @throws what the hub answers besides
 */
export async function dealerZone(hub: HubClient, dealerId: string): Promise<string | undefined> {
  const { status, body } = await hub.get(pathOf('admin', 'dealers', dealerId), { accept: [403] });
  return status === 403 ? undefined : zoneOf(dealerCheck.parse(body));
}

/**
 * How a dealer's source reads and maps files of an entity, as it is configured in the hub now.
 * @throws what the hub answers: configuration is for keys with the scope `admin`
 */
export async function sourceMapping(
  hub: HubClient,
  dealerId: string,
  sourceId: string,
  entity: EntityName,
): Promise<SourceMapping> {
  const dealer = dealerCheck.parse((await hub.get(pathOf('admin', 'dealers', dealerId))).body);
  const source = sourceCheck.parse((await hub.get(pathOf('admin', 'dealers', dealerId, 'sources', sourceId))).body);
  const pack =
    source.extends === undefined
      ? undefined
      : packCheck.parse((await hub.get(pathOf('admin', 'packs', source.extends))).body);
  const effective = effectiveEntity(dealer, source, pack, entity);
  return { mapper: compileMapper(mapperOptions(effective)), ...fileReading(source, effective) };
}
