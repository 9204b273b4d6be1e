import type { Run } from '../../cli/answers/run.ts';
import { formatCount, type Output } from '../../cli/output.ts';
import { balanceMark, checkBalance } from '../../cli/receipt.ts';
import { alignLeft } from '../../cli/table.ts';
import type { Arrival } from './arrival.ts';
import type { PushedArrival } from './bringIn.ts';
import { unchangedIn } from './expectation.ts';

const columns = [
  { title: 'dealer' },
  { title: 'entity' },
  ...['read', 'inserted', 'updated', 'unchanged', 'deleted', 'rejected', 'in the store'].map((title) => ({
    title,
    align: 'right' as const,
  })),
];

/** A line for each dealer and entity, and their sum. */
export function showArrivals(output: Output, arrivals: readonly Arrival[], held: readonly number[]): void {
  const counts = arrivals.map((arrival, index) => {
    const { read, rejected, applied } = arrival.receipt;
    const { inserted, updated, deleted } = applied;
    return [read, inserted, updated, unchangedIn(arrival), deleted, rejected, held[index] ?? 0];
  });
  const rows = arrivals.map(({ delivery }, index) => [
    delivery.dealer,
    delivery.entity,
    ...(counts[index] ?? []).map(formatCount),
  ]);
  if (arrivals.length > 1) {
    const sums = counts.reduce((sum, row) => sum.map((count, column) => count + (row[column] ?? 0)));
    rows.push(['together', '', ...sums.map(formatCount)].map((cell) => (cell === '' ? '' : output.style.bold(cell))));
  }
  output.table(columns, rows);
}

/** A line for each run: what was read, what became of it, and whether both sides of the receipt balance. */
export function showReceipts(output: Output, arrivals: readonly Arrival[]): void {
  const rows = arrivals.flatMap(({ runs }) => runs.map((run) => receiptCells(output, run)));
  for (const line of alignLeft(rows)) output.line(line);
}

function receiptCells({ style }: Output, run: Run): string[] {
  const { read, rejected, repeated, unchanged, upserts, deletes, applied, skipped, held, quarantined } = run.receipt;
  const readAs = terms([
    [rejected, 'rejected'],
    [repeated, 'repeated'],
    [unchanged, 'unchanged'],
    [upserts, 'to write'],
    [deletes, 'to delete'],
  ]);
  const writtenAs = terms([
    [applied.inserted, 'inserted'],
    [applied.updated, 'updated'],
    [applied.deleted, 'deleted'],
    [skipped.unchanged, 'unchanged'],
    [skipped.stale, 'stale'],
    [held, 'held'],
    [quarantined, 'quarantined'],
  ]);
  return [
    balanceMark(checkBalance(run.receipt).balanced, style),
    run.entity ?? '–',
    `${formatCount(read)} read = ${readAs}`,
    `→ ${writtenAs}`,
    run.status,
    style.dim(run.run_id),
  ];
}

/** The parts of a sum that are not zero. */
function terms(parts: readonly (readonly [number, string])[]): string {
  const present = parts.filter(([count]) => count > 0).map(([count, name]) => `${formatCount(count)} ${name}`);
  return present.length === 0 ? '0' : present.join(' + ');
}

const shownRefusals = 10;

/** Rows that were refused, with the place in the dealer's file. */
export function showRefusedRows(output: Output, arrivals: readonly PushedArrival[]): void {
  const rows = arrivals.flatMap(({ delivery, pushed }) =>
    pushed.errors.map(({ where, field, detail }) => [
      delivery.dealer,
      `${delivery.file}, ${where}`,
      field ?? '',
      detail ?? '',
    ]),
  );
  for (const line of alignLeft(rows.slice(0, shownRefusals))) output.line(line);
  if (rows.length > shownRefusals) output.line(`… and ${rows.length - shownRefusals} more`);
}
