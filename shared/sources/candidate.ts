import { AdpError } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import type { Kept } from './configurations.ts';
import type { ConnectorName } from './connectors.ts';
import type { Pack, Source } from './source.ts';

/** A source with the pack that it extends. */
export interface Candidate {
  readonly source: Kept<Source>;
  readonly pack: Pack | undefined;
}

export function isEnabled({ value }: Kept<Source>): boolean {
  return value.enabled !== false;
}

/**
 * To be asked where no source brings an entity, before its rows are taken as canonical: they are a DMS's if the pack of
 * a source maps them, and each would be rejected for reasons that mislead.
 * @throws AdpError `CONFIG_ERROR` where a pack knows the entity, but the source's own list doesn't name it
 */
export function refuseLeftOut(candidates: readonly Candidate[], connector: ConnectorName, entity: EntityName): void {
  const restricted = candidates.find(
    ({ source, pack }) =>
      source.value.connector === connector && isEnabled(source) && pack?.entities[entity] !== undefined,
  );
  if (restricted === undefined) return;
  const { id } = restricted.source;
  const why = `its pack maps ${entity}, but its own entities don't name it`;
  throw new AdpError('CONFIG_ERROR', `The source ${id} does not bring ${entity}: ${why}. Add "${entity}": {}.`);
}
