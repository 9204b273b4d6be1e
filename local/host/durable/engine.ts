import { describeError, type Log } from '../log.ts';
import { createPump } from '../pump.ts';
import { commitTurn } from './commitTurn.ts';
import type { Nature } from './execution.ts';
import type { DurableFunctions } from './functions.ts';
import { EventType, type Happening, toEvent } from './history.ts';
import { hasEnded, type PendingActivity } from './instance.ts';
import type { Store } from './store.ts';
import { takeTurn } from './turn.ts';

/** Runs what the store says is to be run: turns, activities and timers. */
export interface Engine {
  /** Takes up everything that was under way when the last process ended. */
  start(): void;
  /** There is something in the inbox of an instance, or it may go on. */
  wake(instanceId: string): void;
  /** Begins nothing new, and resolves when what runs has ended and is kept. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** At a time. */
  readonly maxActivities: number;
  readonly maxTurns: number;
}

export function createEngine(
  store: Store,
  functions: DurableFunctions,
  { maxActivities, maxTurns }: EngineOptions,
  nature: Nature,
  log: Log,
): Engine {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  /** An instance takes one turn at a time: false where there is one, true where another must follow it. */
  const turning = new Map<string, boolean>();

  const turns = createPump<string>({
    batchSize: 1,
    concurrency: maxTurns,
    lingerMs: 0,
    call: async ([instanceId = '']) => {
      try {
        await turn(instanceId);
      } catch (error) {
        log('critical', 'durable', `"${instanceId}" stands still until the host restarts: ${describeError(error)}`);
      }
      const again = turning.get(instanceId);
      turning.delete(instanceId);
      if (again) wake(instanceId);
    },
  });
  const activities = createPump<PendingActivity>({
    batchSize: 1,
    concurrency: maxActivities,
    lingerMs: 0,
    call: async ([activity]) => {
      if (!activity) return;
      try {
        finishActivity(activity, await functions.runActivity(activity));
      } catch (error) {
        log('critical', activity.name, `Its result got lost until the host restarts: ${describeError(error)}`);
      }
    },
  });

  const wake = (instanceId: string) => {
    if (stopped) return;
    if (turning.has(instanceId)) {
      turning.set(instanceId, true);
      return;
    }
    turning.set(instanceId, false);
    void turns.offer(instanceId);
  };

  const turn = async (instanceId: string) => {
    const instance = store.find(instanceId);
    if (!instance || hasEnded(instance) || instance.status === 'Suspended') return;
    const messages = store.inbox(instanceId);
    if (messages.length === 0) return;

    const startedAt = toEvent({ EventType: EventType.OrchestratorStarted }, nature.now());
    const history = [...store.history(instanceId), startedAt, ...messages.map(({ event }) => event)];
    const call = functions.orchestrator(instance.name);
    const outcome = await takeTurn(call, instance, history, functions.refusal);
    const { ending } = outcome;
    if (ending.kind === 'failed') log('error', instance.name, `"${instanceId}": ${ending.reason}`);
    if (ending.kind === 'continuedAsNew' && ending.carried.length > 0) {
      const advice = 'Azure may drop such events';
      log('warning', instance.name, `"${instanceId}" continues as new before it waited for all its events: ${advice}`);
    }

    const followUp = commitTurn(store, { instance, messages, startedAt, outcome }, nature);
    for (const activity of followUp.activities) void activities.offer(activity);
    for (const id of followUp.woken) wake(id);
    setTimer();
  };

  const finishActivity = (activity: PendingActivity, result: Happening) => {
    const isWanted = store.atomically(() => {
      const instance = store.find(activity.instanceId);
      const isKnown = store.removeActivity(activity);
      if (!isKnown || instance?.executionId !== activity.executionId || hasEnded(instance)) return false;
      store.post(activity.instanceId, toEvent(result, nature.now()));
      return true;
    });
    if (isWanted) wake(activity.instanceId);
  };

  const fireTimers = () => {
    const due = store.timersDue(nature.now());
    store.atomically(() => {
      for (const { instanceId, taskId, fireAt } of due) {
        store.removeTimer(instanceId, taskId);
        const fired: Happening = { EventType: EventType.TimerFired, TimerId: taskId, FireAt: fireAt };
        store.post(instanceId, toEvent(fired, nature.now()));
      }
    });
    for (const { instanceId } of due) wake(instanceId);
    setTimer();
  };

  const setTimer = () => {
    clearTimeout(timer);
    const next = store.nextTimerAt();
    if (stopped || next === undefined) return;
    const ms = next - nature.now().getTime();
    timer = setTimeout(
      () => {
        try {
          fireTimers();
        } catch (error) {
          log('critical', 'durable', `Timers stand still until the host restarts: ${describeError(error)}`);
        }
      },
      Math.min(Math.max(ms, 0), longestTimeoutMs),
    );
  };

  return {
    start: () => {
      for (const activity of store.activities()) void activities.offer(activity);
      for (const instanceId of store.waitingInstances()) wake(instanceId);
      setTimer();
    },
    wake,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await Promise.all([turns.stop(), activities.stop()]);
      clearTimeout(timer);
    },
  };
}

/** Half of what setTimeout can take. */
const longestTimeoutMs = 2 ** 30;
