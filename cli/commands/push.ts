import type { Run } from '../answers/run.ts';
import type { Command, Invocation } from '../command.ts';
import { formatCount, formatSeconds, plural } from '../output.ts';
import { mostRows } from '../push/batch.ts';
import { fileKindOf } from '../push/fileKind.ts';
import { type PushResult, pushFile } from '../push/pushFile.ts';
import { checkBalance, layOutReceipt, sumReceipts } from '../receipt.ts';
import { usageError } from '../usageError.ts';
import { waitForRun } from '../waitForRun.ts';

export const push: Command = {
  name: 'push',
  summary: "Push a file's rows into an entity of a dealer",
  details: [
    'JSON (an array or {"records":[…]}), NDJSON, CSV or XML, by the extension, each also with .gz. NDJSON and CSV of any',
    'size are sent in batches. Then waits until every row is written, and prints the receipt. Pushing the same file',
    'again is harmless, also after a crash: what the hub took within the last 24 hours is not applied twice.',
  ].join('\n'),
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'ENTITY', takes: 'one', help: 'part, part_stock, part_price, customer, supplier, purchase_order, …' },
    { name: 'FILE', takes: 'one', help: 'the file, or - for standard input' },
  ],
  options: {
    source: { kind: 'text', value: 'SOURCE', help: 'whose mapping to use, where the dealer has several' },
    type: { kind: 'text', value: 'EXT', help: "what the file holds, where its name doesn't say: csv, ndjson.gz, …" },
    'rows-per-batch': { kind: 'integer', value: 'N', min: 1, max: mostRows, help: 'rows of one request (5000)' },
    concurrency: { kind: 'integer', value: 'N', min: 1, max: 64, help: 'requests at once (4)' },
    'idempotency-prefix': {
      kind: 'text',
      value: 'TEXT',
      help: "name this push yourself, instead of by the file's hash: the same file counts as new under another name",
    },
    wait: { kind: 'flag', help: 'wait until everything is written (this is the default)' },
    'no-wait': { kind: 'flag', help: 'return as soon as the hub has taken everything' },
  },
  examples: [
    'adp push radhaus-nord part_stock bestand.csv',
    'sqlcmd … | adp push acme customer - --type csv --source dms --idempotency-prefix nightly-2026-11-20',
  ],
  async run(invocation) {
    const { args, hub, output, stdin } = invocation;
    const file = args.one('FILE');
    const source = args.text('source');
    const idempotencyPrefix = args.text('idempotency-prefix');
    if (args.flag('wait') && args.flag('no-wait')) throw usageError('--wait and --no-wait exclude each other');
    if (idempotencyPrefix !== undefined && !/^[\x21-\x7e]{1,200}$/.test(idempotencyPrefix)) {
      throw usageError('--idempotency-prefix must be 1 to 200 printable ASCII characters without spaces');
    }
    const progress = output.progress();
    const started = Date.now();
    const result = await pushFile(hub, {
      dealer: args.one('DEALER'),
      entity: args.one('ENTITY'),
      file,
      kind: fileKindOf(file, args.text('type')),
      stdin,
      rowsPerBatch: args.integer('rows-per-batch') ?? 5000,
      concurrency: args.integer('concurrency') ?? 4,
      ...(source === undefined ? {} : { source }),
      ...(idempotencyPrefix === undefined ? {} : { idempotencyPrefix }),
      onProgress({ rows, batches }) {
        const rate = Math.round((rows * 1000) / Math.max(1, Date.now() - started));
        progress.show(
          `${plural(rows, 'row')} pushed in ${plural(batches, 'batch', 'batches')}, ${formatCount(rate)} rows/s`,
        );
      },
    });
    progress.clear();
    const pushedMs = Date.now() - started;
    const runs = args.flag('no-wait') ? [] : await waitForRuns(invocation, result);
    const worked = runs.every((run) => run.status === 'succeeded') && result.rejected === 0;
    if (output.json) output.data(toData(result, runs));
    else report(invocation, result, runs, pushedMs);
    return worked;
  },
};

async function waitForRuns({ hub, output }: Invocation, { runIds }: PushResult): Promise<Run[]> {
  const progress = output.progress();
  const runs: Run[] = [];
  for (const runId of runIds) {
    progress.show(`waiting for ${plural(runIds.length - runs.length, 'run')} to be written`);
    runs.push(await waitForRun(hub, runId));
  }
  progress.clear();
  return runs;
}

function report({ args, output }: Invocation, result: PushResult, runs: readonly Run[], pushedMs: number): void {
  const dealer = args.one('DEALER');
  const batches = plural(result.batches, 'batch', 'batches');
  output.line(
    `${plural(result.received, 'row')} of ${args.one('FILE')} pushed in ${batches} within ${formatSeconds(pushedMs)}`,
  );
  if (runs.length > 0) {
    output.line();
    const receipt = sumReceipts(runs.map((run) => run.receipt));
    for (const line of layOutReceipt(receipt, output.style)) output.line(line);
    output.line();
    output.line(
      `${plural(runs.length, 'run')}: ${countStatuses(runs)}${checkBalance(receipt).balanced ? ', balanced' : ''}`,
    );
    for (const run of runs.filter((each) => each.status !== 'succeeded').slice(0, 5)) {
      output.line(`  ${run.run_id}  ${run.status}`);
    }
    const before = takenBefore(result, runs).length;
    if (before > 0) {
      output.line(
        `${plural(before, 'batch', 'batches')} taken before and not applied again: --idempotency-prefix makes it a new push`,
      );
    }
  } else {
    for (const runId of result.runIds) output.line(`  adp run ${runId} --wait`);
  }
  if (result.rejected > 0) {
    output.line();
    output.line(`${plural(result.rejected, 'row')} rejected:`);
    for (const { where, field, code, detail } of result.errors) {
      output.line(`  ${[where, field, code, detail].filter((text) => text !== undefined).join('  ')}`);
    }
    output.line(`All of them, kept for replay: adp quarantine ${dealer}`);
  }
}

/** Runs of an earlier push of the same file: the hub answered as it did then, and applied nothing again. */
function takenBefore({ beganAt }: PushResult, runs: readonly Run[]): readonly Run[] {
  // The hub's clock shows whole seconds where we saw it.
  const earliest = (beganAt ?? 0) - 2000;
  return runs.filter((run) => Date.parse(run.started_at) < earliest);
}

function toData(result: PushResult, runs: readonly Run[]): object {
  const { runIds, batches, received, accepted, rejected, errors } = result;
  return {
    run_ids: runIds,
    batches,
    batches_taken_before: takenBefore(result, runs).length,
    received,
    accepted,
    rejected,
    errors,
    receipt: sumReceipts(runs.map((run) => run.receipt)),
    runs,
  };
}

function countStatuses(runs: readonly Run[]): string {
  const counts = Map.groupBy(runs, (run) => run.status);
  return [...counts].map(([status, group]) => `${formatCount(group.length)} ${status}`).join(', ');
}
