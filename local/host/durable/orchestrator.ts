import { type Action, toAction } from './action.ts';
import { EventType, type HistoryEvent } from './history.ts';
import type { Instance } from './instance.ts';
import { isJsonObject } from './json.ts';

/** What the library says after it ran an orchestrator over a history. */
export interface Answer {
  readonly actions: readonly Action[];
  /** The orchestrator has returned, or continues as new. */
  readonly isDone: boolean;
  readonly output: unknown;
  /** Undefined: as before. */
  readonly customStatus: unknown;
  /** What the orchestrator threw; undefined where it threw nothing. */
  readonly error: string | undefined;
}

/** Calls an orchestrator function with its trigger's data, and resolves with what it returned. */
export type CallOrchestrator = (trigger: object) => Promise<unknown>;

/** A timer may be so long that no one has to slice it: the library is told that any is short. */
const longestTimer = '36500.00:00:00';

/**
 * Runs an orchestrator once over all that has happened (`DurableOrchestrationBindingInfo` of durable-functions 3).
 * @throws Error for an answer that isn't one, and for an action that the local host doesn't support
 */
export async function runOrchestrator(
  call: CallOrchestrator,
  instance: Instance,
  history: readonly HistoryEvent[],
): Promise<Answer> {
  const trigger = {
    history,
    input: instance.input,
    instanceId: instance.id,
    isReplaying: history.some(({ EventType: type }) => type === EventType.OrchestratorCompleted),
    parentInstanceId: instance.parent?.instanceId ?? null,
    upperSchemaVersion: 1,
    // V4, the last that the library speaks.
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: longestTimer,
    maximumShortTimerDuration: longestTimer,
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  try {
    return toAnswer(await call(trigger));
  } catch (error) {
    const state = stateInError(error);
    if (state === undefined) throw error;
    const answer = toAnswer(state);
    return { ...answer, error: answer.error ?? 'it threw what is no Error, or has no message' };
  }
}

function toAnswer(state: unknown): Answer {
  if (!isJsonObject(state) || !Array.isArray(state.actions)) throw new Error('It gave no state of an orchestration');
  // A list in a list: the first schema had one a turn.
  const [actions = []]: readonly unknown[] = state.actions;
  if (!Array.isArray(actions)) throw new Error('It gave no list of actions');
  return {
    actions: actions.map(toAction),
    isDone: state.isDone === true,
    output: state.output ?? null,
    customStatus: state.customStatus,
    error: typeof state.error === 'string' ? state.error : undefined,
  };
}

/** The library hides the state of an orchestration that failed in the message of its error. */
const label = '\n\n$OutOfProcData$:';

function stateInError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  const start = message.indexOf(label);
  return start < 0 ? undefined : JSON.parse(message.slice(start + label.length));
}
