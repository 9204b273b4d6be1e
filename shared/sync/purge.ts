import type { Clock } from '../clock.ts';

export interface PurgeDeps {
  readonly dealers: { list(): AsyncIterable<{ readonly id: string }> };
  readonly runs: { purge(dealerId: string, before: Date): Promise<number> };
  readonly quarantine: { purge(dealerId: string, before: Date): Promise<number> };
  readonly idempotency: { purge(dealerId: string, at: Date): Promise<number> };
  readonly ledger: { purge(dealerId: string, before: Date): Promise<number> };
  readonly clock: Clock;
}

const dayMs = 24 * 60 * 60 * 1_000;
/** contract.md: quarantine is kept 60 days, less than a tombstone; runs a little longer, so that none dangles. */
const quarantineDays = 60;
const runDays = 90;
/** Longer than the sweep looks back: what it still sees is known. */
const ledgerDays = 400;

/** Removes what is past its time, dealer by dealer. Answers how many rows went. */
export async function purge({ dealers, runs, quarantine, idempotency, ledger, clock }: PurgeDeps): Promise<number> {
  let removed = 0;
  const daysAgo = (days: number) => new Date(clock() - days * dayMs);
  for await (const { id } of dealers.list()) {
    removed += await idempotency.purge(id, daysAgo(0));
    removed += await quarantine.purge(id, daysAgo(quarantineDays));
    removed += await runs.purge(id, daysAgo(runDays));
    removed += await ledger.purge(id, daysAgo(ledgerDays));
  }
  return removed;
}

/**
 * Removes what is kept of a dealer's runs and of rows that could not be applied: for a dealer that is deleted. Nothing
 * else would ever do it, and who gets the id next must not see it.
 */
export async function purgeHistory(
  dealerId: string,
  { runs, quarantine, idempotency, clock }: Pick<PurgeDeps, 'runs' | 'quarantine' | 'idempotency' | 'clock'>,
): Promise<void> {
  // Later than anything that is there, also by a clock that was ahead.
  const future = new Date(clock() + 30 * dayMs);
  await idempotency.purge(dealerId, future);
  await quarantine.purge(dealerId, future);
  await runs.purge(dealerId, future);
}
