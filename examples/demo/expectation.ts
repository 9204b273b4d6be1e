import type { Run } from '../../cli/answers/run.ts';
import { checkBalance } from '../../cli/receipt.ts';
import type { Arrival } from './arrival.ts';

/** What must become of a delivery, known from what was written into its file. */
export interface Expectation {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Deletes that are held until somebody approves them. */
  readonly waiting: number;
  readonly rejected: number;
  /** Records that the store holds of the dealer's entity afterwards. */
  readonly held: number;
}

/** What is otherwise than expected, in sentences; nothing where all is well. */
export function findProblems(arrival: Arrival, held: number, expected: Expectation): string[] {
  const { delivery, runs, receipt } = arrival;
  const what = `${delivery.dealer}/${delivery.file}`;
  const problems: string[] = [];
  for (const run of runs) {
    if (!checkBalance(run.receipt).balanced) problems.push(`${what}: the receipt of ${run.run_id} doesn't balance`);
    const status = statusOf(run, expected);
    if (run.status !== status) problems.push(`${what}: ${run.run_id} is ${run.status}, not ${status}`);
  }
  const compared: readonly (readonly [string, number, number])[] = [
    ['read', receipt.read, delivery.rows],
    ['rejected', receipt.rejected, expected.rejected],
    ['inserted', receipt.applied.inserted, expected.inserted],
    ['updated', receipt.applied.updated, expected.updated],
    ['unchanged', unchangedIn(arrival), expected.unchanged],
    ['deleted', receipt.applied.deleted, expected.deleted],
    ['held for approval', receipt.held, expected.waiting],
    ['in the store', held, expected.held],
  ];
  for (const [name, is, should] of compared) {
    if (is !== should) problems.push(`${what}: ${name} is ${is}, should be ${should}`);
  }
  return problems;
}

function statusOf({ receipt }: Run, { waiting }: Expectation): Run['status'] {
  if (waiting > 0) return 'suspect';
  return receipt.rejected > 0 ? 'partial' : 'succeeded';
}

/** Before the queue or by the writer: it makes no difference to whom it matters. */
export function unchangedIn({ receipt }: Pick<Arrival, 'receipt'>): number {
  return receipt.unchanged + receipt.skipped.unchanged;
}
