import type { HistoryEvent } from './history.ts';
import type { Instance } from './instance.ts';
import { type Answer, type CallOrchestrator, runOrchestrator } from './orchestrator.ts';
import { type Begun, type Walk, walk } from './walk.ts';

/** What one turn of an orchestration leads to. */
export interface Outcome {
  readonly begun: readonly Begun[];
  readonly cancelledTimers: readonly number[];
  /** Undefined: as before. */
  readonly customStatus: unknown;
  readonly ending: Ending;
}

export type Ending =
  | { readonly kind: 'none' }
  | { readonly kind: 'completed'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly reason: string }
  /** `carried`: events that were raised and not yet waited for. */
  | { readonly kind: 'continuedAsNew'; readonly input: unknown; readonly carried: readonly HistoryEvent[] };

/**
 * Runs an orchestrator over all that has happened, and finds out what it wants that isn't under way yet. Whatever goes
 * wrong (also what the local host doesn't support, and an orchestrator that isn't deterministic) fails the orchestration.
 * @param history from the beginning of the execution to the events that this turn is about
 * @param refusal why something can't be begun; undefined: it can
 */
export async function takeTurn(
  call: CallOrchestrator,
  instance: Instance,
  history: readonly HistoryEvent[],
  refusal: (begun: Begun) => string | undefined,
): Promise<Outcome> {
  try {
    const answer = await runOrchestrator(call, instance, history);
    const walked = walk(history, answer.actions);
    for (const begun of walked.begun) {
      const reason = refusal(begun);
      if (reason !== undefined) throw new Error(reason);
    }
    const { begun, cancelledTimers } = walked;
    return { begun, cancelledTimers, customStatus: answer.customStatus, ending: toEnding(instance, answer, walked) };
  } catch (error) {
    const ending = failed(instance, error instanceof Error ? error.message : String(error));
    return { begun: [], cancelledTimers: [], customStatus: undefined, ending };
  }
}

function toEnding(instance: Instance, answer: Answer, { isOpen, continueAsNew, unheardEvents }: Walk): Ending {
  if (isOpen) return { kind: 'none' };
  if (answer.error !== undefined) return failed(instance, answer.error);
  if (!answer.isDone) return { kind: 'none' };
  return continueAsNew
    ? { kind: 'continuedAsNew', input: continueAsNew.input, carried: unheardEvents }
    : { kind: 'completed', output: answer.output };
}

function failed({ name }: Instance, reason: string): Ending {
  return { kind: 'failed', reason: `Orchestrator function '${name}' failed: ${reason}` };
}
