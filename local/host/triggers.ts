import { blobTrigger } from './blob/blobTrigger.ts';
import { configError } from './config.ts';
import type { AppFunction } from './functionApp.ts';
import { httpTrigger } from './http/httpTrigger.ts';
import { serviceBusTrigger } from './serviceBus/serviceBusTrigger.ts';
import { timerTrigger } from './timer/timerTrigger.ts';
import type { TriggerKind } from './trigger.ts';

/** Every trigger that the local host can run. A further one is a file and a line here. */
export const triggerKinds: readonly TriggerKind[] = [httpTrigger, timerTrigger, serviceBusTrigger, blobTrigger];

/**
 * The functions of each kind of trigger.
 * @throws AdpError CONFIG_ERROR for a trigger or binding that no kind knows: ignoring it would look as if it worked
 */
export function groupByTrigger(functions: readonly AppFunction[]): ReadonlyMap<TriggerKind, readonly AppFunction[]> {
  const groups = new Map<TriggerKind, AppFunction[]>(triggerKinds.map((kind) => [kind, []]));
  for (const fn of functions) {
    const kind = triggerKinds.find(({ type }) => type.toLowerCase() === fn.trigger.type.toLowerCase());
    if (!kind) {
      const known = triggerKinds.map(({ type }) => type).join(', ');
      throw unsupported(fn, `trigger "${fn.trigger.type}" (binding "${fn.trigger.name}"); it knows ${known}`);
    }
    const odd = fn.others.find(({ direction, type }) => direction === 'in' || !kind.outputs.includes(type));
    if (odd) throw unsupported(fn, `${odd.direction}put binding "${odd.type}" (binding "${odd.name}")`);
    if (fn.retries) throw unsupported(fn, `retry policies (binding "${fn.trigger.name}")`);
    groups.get(kind)?.push(fn);
  }
  return groups;
}

function unsupported(fn: AppFunction, what: string): Error {
  return configError(`Function "${fn.name}": the local host doesn't support ${what}`);
}
