import type { Engine } from './engine.ts';
import { addInstance, endInstance, type Nature } from './execution.ts';
import { type DurableFunctions, noOrchestrator } from './functions.ts';
import { EventType, type HistoryEvent, toEvent } from './history.ts';
import { hasEnded, type Instance } from './instance.ts';
import type { InstanceFilter, Store } from './store.ts';

/** What clients do with orchestrations. */
export interface Operations {
  /** Takes the place of one that has ended under the same id. */
  start(name: string, input: unknown, instanceId: string | undefined): Started;
  find(instanceId: string): Instance | undefined;
  list(filter: InstanceFilter): Instance[];
  history(instanceId: string): HistoryEvent[];
  raiseEvent(instanceId: string, name: string, input: unknown): Effect;
  terminate(instanceId: string, reason: string): Effect;
  /** What arrives meanwhile is kept for later. Activities that were begun go on. */
  suspend(instanceId: string): Effect;
  resume(instanceId: string): Effect;
  /** Forgets those that have ended, and says how many they were. */
  purge(instances: readonly Instance[]): number;
}

export type Started =
  | { readonly kind: 'started'; readonly instance: Instance }
  | { readonly kind: 'refused' | 'conflict'; readonly reason: string };

/** `ended`: nothing can be done to it any more. */
export type Effect = 'done' | 'unknown' | 'ended';

export function createOperations(
  store: Store,
  engine: Engine,
  functions: DurableFunctions,
  nature: Nature,
): Operations {
  const change = (instanceId: string, apply: (instance: Instance) => void): Effect => {
    const effect = store.atomically((): Effect => {
      const instance = store.find(instanceId);
      if (!instance) return 'unknown';
      if (hasEnded(instance)) return 'ended';
      apply(instance);
      return 'done';
    });
    if (effect === 'done') engine.wake(instanceId);
    return effect;
  };
  const put = (instance: Instance, status: Instance['status']) =>
    store.put({ ...instance, status, updatedAt: nature.now().toISOString() });

  return {
    start: (name, input, instanceId = nature.newId()) => {
      if (!functions.isOrchestrator(name)) return { kind: 'refused', reason: noOrchestrator(name) };
      const fault = faultOfId(instanceId);
      if (fault !== undefined) return { kind: 'refused', reason: fault };
      const started = store.atomically((): Started => {
        const known = store.find(instanceId);
        if (known && !hasEnded(known)) {
          const reason = `An Orchestration instance with the status ${known.status} already exists.`;
          return { kind: 'conflict', reason };
        }
        const instance = addInstance(store, { id: instanceId, name, input, parent: undefined }, nature);
        return { kind: 'started', instance };
      });
      if (started.kind === 'started') engine.wake(instanceId);
      return started;
    },
    find: store.find,
    list: store.list,
    history: store.history,
    raiseEvent: (instanceId, name, input) =>
      change(instanceId, () => {
        const raised = { EventType: EventType.EventRaised, Name: name, Input: JSON.stringify(input ?? null) };
        store.post(instanceId, toEvent(raised, nature.now()));
      }),
    terminate: (instanceId, reason) => {
      let parent: string | undefined;
      const effect = change(instanceId, (instance) => {
        const now = nature.now();
        const terminated = { EventType: EventType.ExecutionTerminated, Input: JSON.stringify(reason) };
        store.appendHistory(instanceId, [toEvent(terminated, now)]);
        parent = endInstance(store, instance, 'Terminated', reason, now);
      });
      if (parent !== undefined) engine.wake(parent);
      return effect;
    },
    suspend: (instanceId) => change(instanceId, (instance) => put(instance, 'Suspended')),
    resume: (instanceId) =>
      change(instanceId, (instance) => {
        if (instance.status !== 'Suspended') return;
        put(instance, store.history(instanceId).length > 0 ? 'Running' : 'Pending');
      }),
    purge: (instances) =>
      store.atomically(() => {
        const ended = instances.filter(hasEnded);
        for (const { id } of ended) store.remove(id);
        return ended.length;
      }),
  };
}

/** https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-instance-management#start-instances */
function faultOfId(id: string): string | undefined {
  if (id.length < 1 || id.length > 100) return 'An instance id must have 1 to 100 characters';
  if (id.startsWith('@')) return 'An instance id must not begin with "@"';
  return /[\\/#?\p{Cc}]/u.test(id) ? 'An instance id must hold none of \\ / # ? and no control characters' : undefined;
}
