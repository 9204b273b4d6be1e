import type { AppFunction, FunctionApp } from '../functionApp.ts';
import { fromRpcData } from '../rpc.ts';
import { EventType, type Happening } from './history.ts';
import type { PendingActivity } from './instance.ts';
import type { CallOrchestrator } from './orchestrator.ts';
import type { Begun } from './walk.ts';

/** The orchestrators and activities of an app, whose names are compared without regard to case. */
export interface DurableFunctions {
  isOrchestrator(name: string): boolean;
  /** Why something can't be begun; undefined: it can. */
  refusal(begun: Begun): string | undefined;
  orchestrator(name: string): CallOrchestrator;
  /** Runs an activity once, and gives what its orchestration is told. */
  runActivity(activity: PendingActivity): Promise<Happening>;
}

export function durableFunctions(app: FunctionApp, functions: readonly AppFunction[]): DurableFunctions {
  const byName = (type: string) =>
    new Map(functions.filter((fn) => isOfType(fn, type)).map((fn) => [fn.name.toLowerCase(), fn]));
  const orchestrators = byName('orchestrationTrigger');
  const activities = byName('activityTrigger');

  const invoke = async (fn: AppFunction | undefined, missing: string, input: unknown): Promise<unknown> => {
    if (!fn) throw new Error(missing);
    // A text is handed over as it is, since the library parses it.
    const data = { string: typeof input === 'string' ? input : JSON.stringify(input ?? null) };
    return fromRpcData(await app.invoke(fn, { data, metadata: {} }));
  };

  return {
    isOrchestrator: (name) => orchestrators.has(name.toLowerCase()),
    refusal: (begun) => {
      if (begun.kind === 'activity' && !activities.has(begun.name.toLowerCase())) return noActivity(begun.name);
      const isUnknown = begun.kind === 'subOrchestration' && !orchestrators.has(begun.name.toLowerCase());
      return isUnknown ? noOrchestrator(begun.name) : undefined;
    },
    orchestrator: (name) => (trigger) => invoke(orchestrators.get(name.toLowerCase()), noOrchestrator(name), trigger),
    runActivity: async ({ taskId, name, input }) => {
      try {
        const result = await invoke(activities.get(name.toLowerCase()), noActivity(name), input);
        const type = EventType.TaskCompleted;
        return { EventType: type, TaskScheduledId: taskId, Result: JSON.stringify(result ?? null) };
      } catch (error) {
        const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
        const reason = `Activity function '${name}' failed: ${message}`;
        return { EventType: EventType.TaskFailed, TaskScheduledId: taskId, Reason: reason, Details: stack };
      }
    },
  };
}

export function noOrchestrator(name: string): string {
  return `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`;
}

function noActivity(name: string): string {
  return `The function '${name}' doesn't exist, is disabled, or is not an activity function.`;
}

export function isOfType({ trigger }: AppFunction, type: string): boolean {
  return trigger.type.toLowerCase() === type.toLowerCase();
}
