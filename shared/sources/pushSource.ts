import { AdpError } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import { type Candidate, isEnabled, refuseLeftOut } from './candidate.ts';
import type { Kept } from './configurations.ts';
import { entitiesOf } from './effective.ts';
import type { Source } from './source.ts';

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
  refuseLeftOut(candidates, 'push', entity);
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

/** Its rows would otherwise be taken as canonical, or by the mapping of another source. */
function isDisabled(sourceId: string): AdpError {
  return new AdpError('CONFLICT', `The source ${sourceId} is disabled: nothing is taken for it.`, {
    disposition: 'park',
  });
}
