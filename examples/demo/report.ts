import type { Run } from '../../cli/answers/run.ts';
import { formatCount, formatSeconds, type Output } from '../../cli/output.ts';
import { balanceMark, checkBalance } from '../../cli/receipt.ts';
import { alignLeft } from '../../cli/table.ts';
import type { Arrival } from './bringIn.ts';
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

/** A line for each run: both sides of its receipt, and whether they balance. */
export function showReceipts(output: Output, arrivals: readonly Arrival[]): void {
  const rows = arrivals.flatMap(({ runs }) => runs.map((run) => receiptCells(output, run)));
  for (const line of alignLeft(rows)) output.line(line);
}

function receiptCells(output: Output, run: Run): string[] {
  const { read, rejected, repeated, unchanged, upserts, deletes, applied, skipped, held, quarantined } = run.receipt;
  const first = terms([
    [rejected, 'rejected'],
    [repeated, 'repeated'],
    [unchanged, 'unchanged'],
    [upserts, 'upserts'],
    [deletes, 'deletes'],
  ]);
  const second = terms([
    [applied.inserted, 'inserted'],
    [applied.updated, 'updated'],
    [applied.deleted, 'deleted'],
    [skipped.unchanged, 'unchanged'],
    [skipped.stale, 'stale'],
    [held, 'held'],
    [quarantined, 'quarantined'],
  ]);
  return [
    balanceMark(checkBalance(run.receipt).balanced, output.style),
    run.run_id,
    run.entity,
    run.door,
    run.status,
    `${formatCount(read)} read = ${first}`,
    `${formatCount(upserts + deletes)} published = ${second}`,
    output.style.dim(formatSeconds(Date.parse(run.finished_at ?? run.started_at) - Date.parse(run.started_at))),
  ];
}

/** The parts of a sum that are not zero. */
function terms(parts: readonly (readonly [number, string])[]): string {
  const present = parts.filter(([count]) => count > 0).map(([count, name]) => `${formatCount(count)} ${name}`);
  return present.length === 0 ? '0' : present.join(' + ');
}

/** Rows that were refused, with the line of the dealer's file. */
export function showRefusedRows(output: Output, arrivals: readonly Arrival[]): void {
  const rows = arrivals.flatMap(({ delivery, pushed }) =>
    pushed.errors.map(({ where, field, detail }) => [
      `  ${delivery.dealer}`,
      `${delivery.file}, ${where}`,
      field ?? '',
      detail ?? '',
    ]),
  );
  for (const line of alignLeft(rows)) output.line(line);
}
