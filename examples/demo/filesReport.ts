import type { Run } from '../../cli/answers/run.ts';
import { formatCount, formatSeconds, type Output, plural } from '../../cli/output.ts';
import { alignLeft } from '../../cli/table.ts';
import type { Arrival } from './arrival.ts';
import { unchangedIn } from './expectation.ts';

const columns = [
  { title: 'file' },
  ...['read', 'inserted', 'updated', 'deleted', 'unchanged', 'rejected', 'held', 'in the store', 'took'].map(
    (title) => ({ title, align: 'right' as const }),
  ),
];

/** A line for each file: what was found in it. */
export function showFiles(output: Output, arrivals: readonly Arrival[], held: readonly number[]): void {
  const rows = arrivals.map(({ delivery, runs, receipt }, index) => {
    const { read, rejected, applied } = receipt;
    const { inserted, updated, deleted } = applied;
    const counts = [read, inserted, updated, deleted, unchangedIn({ receipt }), rejected, receipt.held];
    return [delivery.file, ...[...counts, held[index] ?? 0].map(formatCount), formatSeconds(millisecondsOf(runs))];
  });
  output.table(columns, rows);
}

/** How each file was read, as its run says. */
export function showReadings(output: Output, arrivals: readonly Arrival[]): void {
  const lines = arrivals.map(({ delivery, runs }) => [
    `  ${delivery.file}`,
    `${formatCount(Math.ceil(delivery.content.length / 1024))} KB`.padStart(9),
    // The first note says what the file was taken for.
    runs.map(({ notes = [] }) => notes[0] ?? '').join(' '),
  ]);
  for (const line of alignLeft(lines)) output.line(line);
}

/** How fast a night's files were read and written, from the first run's beginning to the last one's end. */
export function describePace(arrivals: readonly Arrival[], waited: number): string {
  const rows = arrivals.reduce((sum, { receipt }) => sum + receipt.read, 0);
  const all = arrivals.flatMap(({ runs }) => runs);
  const pace = `${plural(rows, 'row')} read and written within ${formatSeconds(millisecondsOf(all))}`;
  return `${pace}, ${rateOf(rows, all)}; all was there ${formatSeconds(waited)} after the drop.`;
}

/** The same for the largest file alone; undefined where there is but one. */
export function describeLargest(arrivals: readonly Arrival[]): string | undefined {
  if (arrivals.length < 2) return undefined;
  const [largest] = arrivals.toSorted((one, other) => other.receipt.read - one.receipt.read);
  if (largest === undefined) return undefined;
  const { delivery, receipt, runs } = largest;
  const changes = receipt.upserts + receipt.deletes;
  return `${delivery.file}: ${plural(receipt.read, 'row')} compared, ${plural(changes, 'change')} written, ${rateOf(receipt.read, runs)}.`;
}

function rateOf(rows: number, runs: readonly Run[]): string {
  return `${formatCount(Math.round((rows * 1000) / millisecondsOf(runs)))} rows/s`;
}

/** Rows that were refused, and what else a run has to say. */
export function showFaults(output: Output, arrivals: readonly Arrival[]): void {
  const rows = arrivals.flatMap(({ delivery, runs }) =>
    runs.flatMap(({ errors = [] }) =>
      errors.map(({ row, field, detail }) => [
        `  ${delivery.file}${row === null || row === undefined ? '' : `, line ${row}`}`,
        ...(field === null || field === undefined ? [] : [field]),
        detail ?? '',
      ]),
    ),
  );
  for (const row of rows) output.line(row.join('  '));
}

function millisecondsOf(runs: readonly Run[]): number {
  const began = Math.min(...runs.map(({ started_at }) => Date.parse(started_at)));
  const ended = Math.max(...runs.map(({ finished_at }) => Date.parse(finished_at ?? '')));
  return Math.max(1, ended - began);
}
