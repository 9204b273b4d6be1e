import { EventType, type Happening, toEvent } from './history.ts';
import { hasEnded, type Instance, type Parent } from './instance.ts';
import type { Store } from './store.ts';

export interface NewInstance {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly parent: Parent | undefined;
}

/** Time and identity, of which a test decides. */
export interface Nature {
  now(): Date;
  newId(): string;
}

/** Within a transaction: a new instance, which begins with its first turn. One that has ended under that id is forgotten. */
export function addInstance(store: Store, { id, name, input, parent }: NewInstance, nature: Nature): Instance {
  const now = nature.now();
  const time = now.toISOString();
  const instance: Instance = {
    id,
    executionId: nature.newId(),
    name,
    status: 'Pending',
    input,
    output: null,
    customStatus: null,
    createdAt: time,
    updatedAt: time,
    parent,
  };
  store.remove(id);
  store.put(instance);
  store.post(id, toEvent(started(instance), now));
  return instance;
}

export function started({ name, input }: Instance): Happening {
  return { EventType: EventType.ExecutionStarted, Name: name, Input: JSON.stringify(input ?? null) };
}

/**
 * Within a transaction: the end of an instance, of which its parent is told.
 * @param output the result; else the reason
 * @returns the parent's id, if it is still interested
 */
export function endInstance(
  store: Store,
  instance: Instance,
  status: 'Completed' | 'Failed' | 'Terminated',
  output: unknown,
  now: Date,
): string | undefined {
  const result = output ?? null;
  store.put({ ...instance, status, output: result, updatedAt: now.toISOString() });
  store.clear(instance.id, 'inboxAndTimers');
  const ended = { OrchestrationStatus: status, Result: JSON.stringify(result) };
  store.appendHistory(instance.id, [toEvent({ EventType: EventType.ExecutionCompleted, ...ended }, now)]);

  const { parent } = instance;
  const waiting = parent && store.find(parent.instanceId);
  if (!parent || !waiting || waiting.executionId !== parent.executionId || hasEnded(waiting)) return undefined;
  store.post(parent.instanceId, toEvent(toldToParent(parent, status, result), now));
  return parent.instanceId;
}

function toldToParent({ taskId }: Parent, status: string, result: unknown): Happening {
  if (status === 'Completed') {
    const type = EventType.SubOrchestrationInstanceCompleted;
    return { EventType: type, TaskScheduledId: taskId, Result: JSON.stringify(result) };
  }
  const reason = typeof result === 'string' ? result : JSON.stringify(result);
  return toldOfFailure(taskId, status === 'Terminated' ? `The sub-orchestration was terminated: ${reason}` : reason);
}

export function toldOfFailure(taskId: number, reason: string): Happening {
  const type = EventType.SubOrchestrationInstanceFailed;
  return { EventType: type, TaskScheduledId: taskId, Reason: reason, Details: '' };
}
