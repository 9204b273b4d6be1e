import { isRetryable } from '../errors.ts';
import type { ChangeMessage } from '../model/change.ts';
import { applyChanges, type WriterDeps } from './applyChanges.ts';

export interface DeadLetterDeps extends WriterDeps {
  /** The message's changes, its claim resolved. @throws AdpError DATA_ERROR for what is no message of ours */
  readonly open: (body: unknown) => Promise<ChangeMessage>;
  /** Puts the message back into its queue, to come at that time. `tries` counts how often that was done. */
  readonly sendAgain: (body: unknown, tries: number, notBefore: Date) => Promise<void>;
  /** Keeps what is no message of ours, or what the writer can make nothing of, for a person to look at. */
  readonly keepUnreadable: (body: unknown, why: unknown) => Promise<void>;
}

/** What became of a dead letter. */
export type Ended = 'applied' | 'sent again' | 'unreadable';

/**
 * Takes a message that the queue has given up on: it is applied change by change, what can never be written is
 * quarantined, and what the store was too busy for is sent again later, for as long as that takes: an outage must not
 * empty a queue into quarantine. What can't be read, or not be applied at all, is kept aside.
 */
export async function takeDeadLetter(
  body: unknown,
  tries: number,
  deps: DeadLetterDeps,
  deadline: Date,
): Promise<Ended> {
  try {
    await applyOneByOne(await deps.open(body), deps, deadline);
    return 'applied';
  } catch (error) {
    if (isRetryable(error)) {
      await deps.sendAgain(body, tries + 1, new Date(deps.clock() + pause(tries)));
      return 'sent again';
    }
    // Thrown, it would be back at once, and for ever: from here no queue takes a message away but us.
    await deps.keepUnreadable(body, error);
    return 'unreadable';
  }
}

/**
 * First as a whole; where that meets what nobody foresaw, each change alone, so that one that breaks the writer
 * doesn't keep the others back.
 */
async function applyOneByOne(message: ChangeMessage, deps: DeadLetterDeps, deadline: Date): Promise<void> {
  try {
    await applyChanges(message, deps, deadline);
  } catch (error) {
    if (isRetryable(error)) throw error;
    const broken = new Set<string>();
    const trial: WriterDeps = { ...deps, runs: { addPart: async () => {} }, quarantine: async () => {} };
    for (const change of message.changes) {
      try {
        await applyChanges({ ...message, changes: [change] }, trial, deadline);
      } catch (alone) {
        if (isRetryable(alone)) throw alone;
        broken.add(change.id);
      }
    }
    const unwritable = message.changes
      .filter((change) => broken.has(change.id))
      .map((change) => ({
        change,
        error: { code: 'INTERNAL' as const, detail: `The writer fails at the record ${change.id}; the log has why.` },
      }));
    await deps.quarantine(message, unwritable);
    const rest = message.changes.filter((change) => !broken.has(change.id));
    await applyChanges({ ...message, changes: rest }, withQuarantined(deps, unwritable.length), deadline);
  }
}

/** The part that is written counts what was quarantined before, too. */
function withQuarantined(deps: DeadLetterDeps, quarantined: number): WriterDeps {
  return {
    ...deps,
    runs: {
      addPart: (runId, part) =>
        deps.runs.addPart(runId, {
          ...part,
          tally: { ...part.tally, quarantined: part.tally.quarantined + quarantined },
        }),
    },
  };
}

/** One minute, two, four … at most a quarter of an hour. */
function pause(tries: number): number {
  return Math.min(15, 2 ** tries) * 60_000;
}
