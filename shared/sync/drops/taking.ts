import { AdpError } from '../../errors.ts';
import type { RunId } from '../../model/run.ts';
import type { ArrivalLease, Outcome } from './ledgerStore.ts';

/**
 * What became of the news that a file is there.
 * - `done`, `failed`, `waiting`: it is settled (see `Outcome`)
 * - `later`: it failed for a reason that may pass; the sweep brings it again
 * - `nothing to do`: it is gone, settled before, or somebody is at it
 */
export type Taking = Outcome | 'later' | 'nothing to do';

/** Settles an arrival. */
export async function endLease(lease: ArrivalLease, outcome: Outcome, runId?: RunId): Promise<Taking> {
  return await unlessLost(async () => {
    await lease.settle(outcome, runId);
    return outcome;
  });
}

/** Who lost the lease has nothing to say any more: somebody else is at it. */
export async function unlessLost(work: () => Promise<Taking>): Promise<Taking> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AdpError && error.code === 'CONFLICT') return 'nothing to do';
    throw error;
  }
}
