import type { Action, Retry } from './action.ts';
import { EventType, type HistoryEvent } from './history.ts';

/** Something that an orchestration begins, under its number. */
export type Begun =
  | { readonly kind: 'activity'; readonly taskId: number; readonly name: string; readonly input: unknown }
  | {
      readonly kind: 'subOrchestration';
      readonly taskId: number;
      readonly name: string;
      readonly input: unknown;
      readonly instanceId: string | undefined;
    }
  | { readonly kind: 'timer'; readonly taskId: number; readonly fireAt: string };

/** Where the actions of an orchestrator stand after what has happened. */
export interface Walk {
  /** What history doesn't know yet, and is to be begun now. */
  readonly begun: readonly Begun[];
  /** Timers that nobody waits for any more. */
  readonly cancelledTimers: readonly number[];
  /** An action before the end of the list is still open: even an orchestrator that has returned isn't done. */
  readonly isOpen: boolean;
  readonly continueAsNew: { readonly input: unknown } | undefined;
  /** Raised, and never waited for. */
  readonly unheardEvents: readonly HistoryEvent[];
}

/** Today's orchestrator doesn't do what it did when the history was written. */
export class NonDeterminism extends Error {}

/** One action that was begun. */
interface Step {
  isDone: boolean;
  readonly whenDone: () => void;
}

/** What is told of the end of a numbered task. */
interface Waiting {
  succeeded(): void;
  failed(): void;
}

/**
 * Plays a history against the actions of an orchestrator, in which no action has an id: as the extension does
 * (`OutOfProcOrchestrationShim` of https://github.com/Azure/azure-functions-durable-extension), it begins one action
 * after the other, each when the one before is done, and counts what is begun; the library counts the same way. A failed
 * `all` is done when each of its parts is, though the orchestrator has heard of the failure long before.
 * @throws NonDeterminism where the history holds what the actions don't
 */
export function walk(history: readonly HistoryEvent[], actions: readonly Action[]): Walk {
  const begun: Begun[] = [];
  const cancelledTimers: number[] = [];
  const tasks = new Map<number, Waiting>();
  const listeners = new Map<string, Step[]>();
  let unheardEvents: HistoryEvent[] = [];
  let continueAsNew: { readonly input: unknown } | undefined;
  let now = 0;

  const finish = (step: Step) => {
    if (step.isDone) return;
    step.isDone = true;
    step.whenDone();
  };

  const begin = (what: NewTask, waiting: Waiting) => {
    const taskId = begun.length;
    begun.push({ ...what, taskId });
    tasks.set(taskId, waiting);
    return taskId;
  };

  const beginTask = (what: NewTask, retry: Retry | undefined, step: Step) => {
    const done = () => finish(step);
    const attempt = (number: number) => {
      begin(what, {
        succeeded: done,
        failed: () => {
          if (!retry) return done();
          // Also after the last attempt: so does the extension, and the library counts on it.
          const fireAt = new Date(now + delayBeforeRetry(retry, number)).toISOString();
          const next = () => (number < retry.maxAttempts ? attempt(number + 1) : done());
          begin({ kind: 'timer', fireAt }, { succeeded: next, failed: next });
        },
      });
    };
    attempt(1);
  };

  const beginCompound = (kind: 'all' | 'any', parts: readonly Action[], step: Step) => {
    let children: readonly Step[] | undefined;
    const check = () => {
      const isDone =
        kind === 'all' ? children?.every((child) => child.isDone) : children?.some((child) => child.isDone);
      if (isDone) finish(step);
    };
    children = parts.map((part) => beginAction(part, check));
    check();
  };

  const beginAction = (action: Action, whenDone: () => void): Step => {
    const step: Step = { isDone: false, whenDone };
    const done = () => finish(step);
    switch (action.kind) {
      case 'activity': {
        const { kind, name, input, retry } = action;
        beginTask({ kind, name, input }, retry, step);
        break;
      }
      case 'subOrchestration': {
        const { kind, name, input, instanceId, retry } = action;
        beginTask({ kind, name, input, instanceId }, retry, step);
        break;
      }
      case 'timer': {
        const timer: NewTask = { kind: 'timer', fireAt: action.fireAt.toISOString() };
        const taskId = begin(timer, { succeeded: done, failed: done });
        if (action.isCancelled) {
          cancelledTimers.push(taskId);
          done();
        }
        break;
      }
      case 'externalEvent': {
        const early = unheardEvents.find((event) => isRaised(event, action.name));
        unheardEvents = unheardEvents.filter((event) => event !== early);
        if (early) done();
        else listeners.set(action.name, [...(listeners.get(action.name) ?? []), step]);
        break;
      }
      case 'all':
      case 'any':
        beginCompound(action.kind, action.actions, step);
        break;
      case 'continueAsNew':
        continueAsNew = { input: action.input };
        done();
    }
    return step;
  };

  let position = 0;
  let current: Step | undefined;
  const advance = () => {
    while (current?.isDone !== false) {
      const action = actions[position];
      if (!action) return;
      position += 1;
      current = beginAction(action, () => undefined);
    }
  };

  const settle = (taskId: number, how: keyof Waiting) => {
    const waiting = tasks.get(taskId);
    tasks.delete(taskId);
    waiting?.[how]();
    advance();
  };

  for (const event of history) {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        now = Math.max(now, Date.parse(event.Timestamp));
        break;
      case EventType.ExecutionStarted:
        advance();
        break;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        settle(event.TaskScheduledId, 'succeeded');
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        settle(event.TaskScheduledId, 'failed');
        break;
      case EventType.TimerFired:
        settle(event.TimerId, 'succeeded');
        break;
      case EventType.EventRaised: {
        // Of several that wait for the same event, the library tells the last.
        const listener = listeners.get(event.Name)?.pop();
        if (listener) finish(listener);
        else unheardEvents.push(event);
        advance();
      }
    }
  }

  const known = requireSameTasks(history, begun);
  return {
    begun: begun.filter(({ taskId }) => !known.has(taskId)),
    cancelledTimers,
    isOpen: current?.isDone === false || position < actions.length,
    continueAsNew,
    unheardEvents,
  };
}

type WithoutId<T> = T extends unknown ? Omit<T, 'taskId'> : never;
type NewTask = WithoutId<Begun>;

/** `RetryInterceptor.ComputeNextDelay` of the Durable Task Framework. */
function delayBeforeRetry({ firstIntervalMs, backoff, maxIntervalMs }: Retry, attempt: number): number {
  return Math.min(firstIntervalMs * backoff ** (attempt - 1), maxIntervalMs);
}

function isRaised(event: HistoryEvent, name: string): boolean {
  return event.EventType === EventType.EventRaised && event.Name === name;
}

/** The numbers of what the history says was begun. */
function requireSameTasks(history: readonly HistoryEvent[], begun: readonly Begun[]): ReadonlySet<number> {
  const known = new Set<number>();
  for (const event of history) {
    const then = describeCreated(event);
    if (then === undefined) continue;
    known.add(event.EventId);
    const today = describeBegun(begun[event.EventId]);
    if (then !== today) {
      throw new NonDeterminism(
        `Non-deterministic orchestrator: as task ${event.EventId} it once began ${then}, but now ${today}. ` +
          'Was its code changed while this instance was running, or does it depend on time, chance or settings?',
      );
    }
  }
  return known;
}

function describeCreated(event: HistoryEvent): string | undefined {
  switch (event.EventType) {
    case EventType.TaskScheduled:
      return `the activity "${event.Name}"`;
    case EventType.SubOrchestrationInstanceCreated:
      return `the sub-orchestration "${event.Name}"`;
    case EventType.TimerCreated:
      return 'a timer';
    default:
      return undefined;
  }
}

function describeBegun(begun: Begun | undefined): string {
  switch (begun?.kind) {
    case 'activity':
      return `the activity "${begun.name}"`;
    case 'subOrchestration':
      return `the sub-orchestration "${begun.name}"`;
    case 'timer':
      return 'a timer';
    default:
      return 'nothing';
  }
}
