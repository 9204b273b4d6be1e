import { firstNight, secondNight, thirdNight } from '../adventure-works/dealers/nordicNights.ts';
import type { Night } from '../adventure-works/drop.ts';
import type { Arrival } from './arrival.ts';
import type { Demo } from './demo.ts';
import { dropFile } from './dropFile.ts';
import { findProblems } from './expectation.ts';
import { writeExport } from './exports.ts';
import { describeLargest, describePace, showFaults, showFiles, showReadings } from './filesReport.ts';
import { findDifferences, NaiveStore } from './naiveStore.ts';
import { readRecords } from './readRecords.ts';
import { showReceipts } from './report.ts';
import { waitForDrops } from './waitForDrops.ts';

const dealer = 'nordic-velo';

/** A dealer that only drops files: three nights of it. What is otherwise than it should be, in sentences. */
export async function bringFilesIn(demo: Demo): Promise<string[]> {
  const { output, tables } = demo;
  const nights = [await firstNight(tables), await secondNight(tables), thirdNight(tables)];
  const store = new NaiveStore();
  const known = new Set<string>();
  const problems: string[] = [];
  output.line();
  output.line(output.style.bold('A fourth dealer only drops files'));
  for (const [index, night] of nights.entries()) {
    output.line();
    output.line(output.style.bold(`Night ${index + 1}: ${night.story}`));
    problems.push(...(await takeNight(demo, index + 1, night, store, known)));
  }
  return problems;
}

async function takeNight(
  demo: Demo,
  number: number,
  { drops }: Night,
  store: NaiveStore,
  known: Set<string>,
): Promise<string[]> {
  const { hub, output } = demo;
  const started = Date.now();
  for (const drop of drops) {
    await writeExport(demo.exports, { ...drop, file: `night-${number}/${drop.file}` });
    await dropFile(demo.shares, drop);
  }
  const progress = output.progress();
  const arrivals = await waitForDrops(hub, dealer, drops, known, (text) => progress.show(text));
  const waited = Date.now() - started;

  const problems: string[] = [];
  const held: number[] = [];
  for (const [index, drop] of drops.entries()) {
    progress.show(`  comparing ${drop.entity} with the store`);
    const expected = store.take(drop);
    const records = await readRecords(hub, dealer, drop.entity);
    held.push(records.size);
    const arrival = arrivals[index];
    if (arrival !== undefined) problems.push(...findProblems(arrival, records.size, expected));
    problems.push(...findDifferences(`${dealer}/${drop.file}`, records, store.of(drop.entity)));
  }
  progress.clear();
  showReadings(output, arrivals);
  output.line(describePace(arrivals, waited));
  const largest = describeLargest(arrivals);
  if (largest !== undefined) output.line(largest);
  output.line();
  showFiles(output, arrivals, held);
  showReceipts(output, arrivals);
  showFaults(output, arrivals);
  showApproval(demo, arrivals);
  return problems;
}

/** What a person may do about deletes that are held. */
function showApproval({ output }: Demo, arrivals: readonly Arrival[]): void {
  for (const run of arrivals.flatMap(({ runs }) => runs)) {
    if (run.status !== 'suspect') continue;
    output.line('  A whole dump that comes next puts it right. If the rows are gone in truth, an admin lets them go:');
    output.line(`  npx adp approve ${run.run_id}`);
  }
}
