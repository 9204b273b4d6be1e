import { compileMapper, type Mapper } from '../mapping/compile.ts';
import type { EntityName } from '../model/entities.ts';
import type { Kept } from './configurations.ts';
import type { Dealer } from './dealer.ts';
import { type EffectiveEntity, effectiveEntity, zoneOf } from './effective.ts';
import { mapperOptions } from './faults.ts';
import type { Pack, Source } from './source.ts';

/** An entity of a source, ready to take rows. */
export interface CompiledEntity {
  readonly mapper: Mapper;
  readonly effective: EffectiveEntity;
}

/**
 * Compiles each mapping once: what was compiled is kept as long as the ETags of dealer, source and pack stay the same.
 * Without a source rows are canonical, and times without a zone are in the dealer's.
 */
export interface MapperCache {
  /** @throws AdpError `CONFIG_ERROR` for a mapping that today's code refuses */
  compiled(
    dealer: Kept<Dealer>,
    source: Kept<Source>,
    pack: Kept<Pack> | undefined,
    entity: EntityName,
  ): CompiledEntity;
  canonical(dealer: Kept<Dealer>, entity: EntityName): CompiledEntity;
}

const maxKept = 1_000;

export function createMapperCache(): MapperCache {
  const kept = new Map<string, CompiledEntity & { readonly etags: string }>();

  const remember = (key: string, etags: string, make: () => EffectiveEntity): CompiledEntity => {
    const found = kept.get(key);
    if (found?.etags === etags) return found;
    const effective = make();
    const made = { etags, effective, mapper: compileMapper(mapperOptions(effective)) };
    kept.delete(key);
    kept.set(key, made);
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    return made;
  };

  return {
    compiled: (dealer, source, pack, entity) =>
      remember(`${dealer.id}/${source.id}/${entity}`, [dealer.etag, source.etag, pack?.etag ?? ''].join(' '), () =>
        effectiveEntity(dealer.value, source.value, pack?.value, entity),
      ),
    canonical: (dealer, entity) =>
      remember(`${dealer.id}//${entity}`, dealer.etag, () =>
        effectiveEntity(dealer.value, { connector: 'push', time_zone: zoneOf(dealer.value) }, undefined, entity),
      ),
  };
}
