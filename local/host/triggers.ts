import { blobTrigger } from './blob/blobTrigger.ts';
import { configError } from './config.ts';
import { durableTrigger } from './durable/durableTrigger.ts';
import type { AppFunction } from './functionApp.ts';
import { httpTrigger } from './http/httpTrigger.ts';
import { serviceBusTrigger } from './serviceBus/serviceBusTrigger.ts';
import { timerTrigger } from './timer/timerTrigger.ts';
import type { TriggerKind } from './trigger.ts';

/**
 * Every trigger that the local host can run. A further one is a file and a line here. They start in this order: durable
 * comes first, since functions with any other trigger may call its client.
 */
export const triggerKinds: readonly TriggerKind[] = [
  durableTrigger,
  httpTrigger,
  timerTrigger,
  serviceBusTrigger,
  blobTrigger,
];

/**
 * The functions of each kind of trigger.
 * @throws AdpError CONFIG_ERROR for a trigger or binding that no kind knows: ignoring it would look as if it worked
 */
export function groupByTrigger(functions: readonly AppFunction[]): ReadonlyMap<TriggerKind, readonly AppFunction[]> {
  const groups = new Map<TriggerKind, AppFunction[]>(triggerKinds.map((kind) => [kind, []]));
  const inputs = new Set(functions.flatMap((fn) => kindOf(fn)?.inputs ?? []));
  for (const fn of functions) {
    const kind = kindOf(fn);
    if (!kind) {
      const known = triggerKinds.flatMap(({ types }) => types).join(', ');
      throw unsupported(fn, `trigger "${fn.trigger.type}" (binding "${fn.trigger.name}"); it knows ${known}`);
    }
    const odd = fn.others.find(
      ({ direction, type }) => !(direction === 'in' ? inputs.has(type) : kind.outputs.includes(type)),
    );
    if (odd) throw unsupported(fn, `${odd.direction}put binding "${odd.type}" (binding "${odd.name}")`);
    if (fn.retries) throw unsupported(fn, `retry policies (binding "${fn.trigger.name}")`);
    groups.get(kind)?.push(fn);
  }
  return groups;
}

function kindOf({ trigger }: AppFunction): TriggerKind | undefined {
  return triggerKinds.find(({ types }) => types.some((type) => type.toLowerCase() === trigger.type.toLowerCase()));
}

function unsupported(fn: AppFunction, what: string): Error {
  return configError(`Function "${fn.name}": the local host doesn't support ${what}`);
}
