import { AdpError } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import type { Kept } from './configurations.ts';
import { entitiesOf } from './effective.ts';
import type { Pack, Source } from './source.ts';

/** A source with the pack that it extends. */
export interface Candidate {
  readonly source: Kept<Source>;
  readonly pack: Pack | undefined;
}

/**
 * contract.md, "HTTP", `?source=`: which source a push of that entity comes from; `undefined` where no source covers it,
 * so that rows are canonical. Errors are those of `Sources.pushSource`.
 */
export function choosePushSource(
  candidates: readonly Candidate[],
  entity: EntityName,
  sourceId: string | undefined,
): Kept<Source> | undefined {
  const pushed = candidates.filter(
    ({ source, pack }) => source.value.connector === 'push' && entitiesOf(source.value, pack).includes(entity),
  );
  if (sourceId !== undefined) return named(pushed, entity, sourceId);
  const enabled = pushed.filter(({ source }) => isEnabled(source));
  const [only, ...others] = enabled;
  if (others.length > 0) {
    const ids = enabled.map(({ source }) => source.id).join(', ');
    throw new AdpError('CONFIG_ERROR', `Several sources push ${entity}: say which with ?source=, one of ${ids}.`);
  }
  if (only !== undefined) return only.source;
  const [disabled] = pushed;
  if (disabled !== undefined) throw isDisabled(disabled.source.id);
  const restricted = candidates.find((candidate) => leavesOut(candidate, entity));
  if (restricted !== undefined) throw isLeftOut(restricted, entity);
  return undefined;
}

function named(pushed: readonly Candidate[], entity: EntityName, sourceId: string): Kept<Source> {
  const found = pushed.find(({ source }) => source.id === sourceId)?.source;
  if (found === undefined) {
    const ids = pushed.map(({ source }) => source.id).join(', ');
    const known = ids === '' ? `no source pushes ${entity}` : `there are ${ids}`;
    throw new AdpError('CONFIG_ERROR', `No source of that name pushes ${entity}: ${known}.`);
  }
  if (!isEnabled(found)) throw isDisabled(found.id);
  return found;
}

function isEnabled({ value }: Kept<Source>): boolean {
  return value.enabled !== false;
}

/** Its pack knows the entity, but its own list of entities doesn't name it. */
function leavesOut({ source, pack }: Candidate, entity: EntityName): boolean {
  return source.value.connector === 'push' && isEnabled(source) && pack?.entities[entity] !== undefined;
}

/** Its rows are those of the DMS: taken as canonical, each of them would be rejected for reasons that mislead. */
function isLeftOut({ source }: Candidate, entity: EntityName): AdpError {
  const why = `its pack maps ${entity}, but its own entities don't name it`;
  return new AdpError('CONFIG_ERROR', `The source ${source.id} does not bring ${entity}: ${why}. Add "${entity}": {}.`);
}

/** Its rows would otherwise be taken as canonical, or by the mapping of another source. */
function isDisabled(sourceId: string): AdpError {
  return new AdpError('CONFLICT', `The source ${sourceId} is disabled: nothing is taken for it.`, {
    disposition: 'park',
  });
}
