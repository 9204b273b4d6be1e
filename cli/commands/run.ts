import type { Run } from '../answers/run.ts';
import type { Command, Invocation } from '../command.ts';
import { formatCount, formatSeconds } from '../output.ts';
import { formatStatus, layOutReceipt } from '../receipt.ts';
import { alignLeft } from '../table.ts';
import { readRun, waitForRun } from '../waitForRun.ts';

const shownErrors = 20;

export const run: Command = {
  name: 'run',
  summary: 'Show one run and its receipt',
  positionals: [{ name: 'ID', takes: 'one', help: "the run's id, which begins with its dealer's" }],
  options: { wait: { kind: 'flag', help: 'wait until it is closed; exit 1 unless it succeeded' } },
  examples: ['adp run acme.8268…', 'adp run acme.8268… --wait --json'],
  async run(invocation) {
    const { args, hub, output } = invocation;
    const id = args.one('ID');
    const progress = output.progress();
    const found = args.flag('wait')
      ? await waitForRun(hub, id, ({ receipt }) => progress.show(`running: ${formatCount(receipt.read)} rows read`))
      : await readRun(hub, id);
    progress.clear();
    if (output.json) output.data(found);
    else showRun(invocation, found);
    return !args.flag('wait') || found.status === 'succeeded';
  },
};

/** A run and its receipt, for people. */
export function showRun({ output }: Invocation, run: Run): void {
  const { style } = output;
  const took =
    run.finished_at === null || run.finished_at === undefined
      ? '–'
      : formatSeconds(Date.parse(run.finished_at) - Date.parse(run.started_at));
  const facts = [
    ['run', run.run_id],
    ['status', formatStatus(run.status, style)],
    [
      'what',
      `${run.dealer_id} ${run.entity ?? '(no entity)'}, by ${run.door}${run.source_id ? ` from ${run.source_id}` : ''}`,
    ],
    ...(run.file === undefined ? [] : [['file', run.file.path]]),
    ['started', run.started_at],
    ['took', took],
  ];
  for (const line of alignLeft(facts)) output.line(line);
  output.line();
  for (const line of layOutReceipt(run.receipt, style)) output.line(line);
  const notes = run.notes ?? [];
  if (notes.length > 0) output.line();
  for (const note of notes) output.line(`  ${note}`);
  const errors = run.errors ?? [];
  if (errors.length === 0) return;
  output.line();
  for (const { row, field, code, detail } of errors.slice(0, shownErrors)) {
    const parts = [row === null || row === undefined ? undefined : `row ${row}`, field ?? undefined, code, detail];
    output.line(`  ${parts.filter((part) => part !== undefined).join('  ')}`);
  }
  if (errors.length > shownErrors) output.line(`  … and ${errors.length - shownErrors} more (--json has them)`);
}
