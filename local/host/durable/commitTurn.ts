import { addInstance, endInstance, type Nature, started, toldOfFailure } from './execution.ts';
import { EventType, type Happening, type HistoryEvent, toEvent } from './history.ts';
import { hasEnded, type Instance, type PendingActivity } from './instance.ts';
import type { Message, Store } from './store.ts';
import type { Outcome } from './turn.ts';
import type { Begun } from './walk.ts';

/** A turn that was taken, and isn't kept yet. */
export interface TakenTurn {
  /** As it was when the turn began. */
  readonly instance: Instance;
  /** The messages that it was about. */
  readonly messages: readonly Message[];
  /** When it began. */
  readonly startedAt: HistoryEvent;
  readonly outcome: Outcome;
}

/** What is to be done once the turn is kept. */
export interface FollowUp {
  readonly activities: readonly PendingActivity[];
  /** Instances with something new in their inbox. */
  readonly woken: readonly string[];
}

const nothing: FollowUp = { activities: [], woken: [] };

/** Keeps a turn as a whole: history, state, messages, activities, timers, children, and what the parent is told. */
export function commitTurn(store: Store, turn: TakenTurn, nature: Nature): FollowUp {
  return store.atomically(() => {
    const instance = store.find(turn.instance.id);
    // Terminated, purged or started anew meanwhile: the turn was for nothing.
    if (!instance || instance.executionId !== turn.instance.executionId || hasEnded(instance)) return nothing;
    const now = nature.now();
    const { begun, cancelledTimers, customStatus, ending } = turn.outcome;
    store.take(turn.messages);

    const created = begun.map((each) => toEvent(toCreated(instance, each), now));
    const completed = toEvent({ EventType: EventType.OrchestratorCompleted }, now);
    const happened = [turn.startedAt, ...turn.messages.map(({ event }) => event), ...created, completed];
    const played = happened.map((event) => ({ ...event, IsPlayed: true }));
    store.appendHistory(instance.id, played);
    const woken = begun.flatMap((each) => begin(store, instance, each, nature) ?? []);
    for (const taskId of cancelledTimers) store.removeTimer(instance.id, taskId);

    const updated: Instance = {
      ...instance,
      status: instance.status === 'Suspended' ? 'Suspended' : 'Running',
      customStatus: customStatus ?? instance.customStatus,
      updatedAt: now.toISOString(),
    };
    const activities = begun.flatMap((each) => (each.kind === 'activity' ? toPendingActivity(instance, each) : []));
    switch (ending.kind) {
      case 'none':
        store.put(updated);
        return { activities, woken };
      case 'completed':
        return { activities, woken: [...woken, ...told(endInstance(store, updated, 'Completed', ending.output, now))] };
      case 'failed':
        return { activities, woken: [...woken, ...told(endInstance(store, updated, 'Failed', ending.reason, now))] };
      case 'continuedAsNew':
        continueAsNew(store, { ...updated, executionId: nature.newId(), input: ending.input }, ending.carried, now);
        return { activities, woken: [...woken, instance.id] };
    }
  });
}

function told(parent: string | undefined): string[] {
  return parent === undefined ? [] : [parent];
}

function continueAsNew(store: Store, next: Instance, carried: readonly HistoryEvent[], now: Date): void {
  const late = store.inbox(next.id).flatMap(({ event }) => (event.EventType === EventType.EventRaised ? event : []));
  store.clear(next.id, 'everything');
  store.put(next);
  store.post(next.id, toEvent(started(next), now));
  for (const event of [...carried, ...late]) store.post(next.id, { ...event, IsPlayed: false });
}

/** Returns the id of an instance that is to be woken. */
function begin(store: Store, instance: Instance, begun: Begun, nature: Nature): string | undefined {
  switch (begun.kind) {
    case 'activity':
      store.addActivity(toPendingActivity(instance, begun));
      return undefined;
    case 'timer':
      store.addTimer({ instanceId: instance.id, taskId: begun.taskId, fireAt: begun.fireAt });
      return undefined;
    case 'subOrchestration': {
      const id = childId(instance, begun);
      const known = store.find(id);
      if (known && !hasEnded(known)) {
        const reason = `An orchestration with the id "${id}" and the status ${known.status} is there already`;
        store.post(instance.id, toEvent(toldOfFailure(begun.taskId, reason), nature.now()));
        return instance.id;
      }
      const parent = { instanceId: instance.id, executionId: instance.executionId, taskId: begun.taskId };
      return addInstance(store, { id, name: begun.name, input: begun.input ?? null, parent }, nature).id;
    }
  }
}

function toCreated(instance: Instance, begun: Begun): Happening {
  switch (begun.kind) {
    case 'activity':
      return { EventType: EventType.TaskScheduled, EventId: begun.taskId, Name: begun.name };
    case 'timer':
      return { EventType: EventType.TimerCreated, EventId: begun.taskId, FireAt: begun.fireAt };
    case 'subOrchestration': {
      const names = { Name: begun.name, InstanceId: childId(instance, begun) };
      return { EventType: EventType.SubOrchestrationInstanceCreated, EventId: begun.taskId, ...names };
    }
  }
}

/** A child without a name of its own gets the Durable Task Framework's: the parent's execution and the task's number. */
function childId({ executionId }: Instance, begun: Extract<Begun, { kind: 'subOrchestration' }>): string {
  return begun.instanceId ?? `${executionId}:${begun.taskId.toString(16).padStart(4, '0')}`;
}

function toPendingActivity(instance: Instance, begun: Extract<Begun, { kind: 'activity' }>): PendingActivity {
  const { taskId, name, input } = begun;
  return { instanceId: instance.id, executionId: instance.executionId, taskId, name, input: input ?? null };
}
