import { listItems } from '../answers/list.ts';
import { parseRun, type Run } from '../answers/run.ts';
import type { Command } from '../command.ts';
import { listDealers } from '../listDealers.ts';
import { formatCount } from '../output.ts';
import { pathOf } from '../paths.ts';
import { balanceMark, checkBalance, formatStatus } from '../receipt.ts';

export const runs: Command = {
  name: 'runs',
  summary: 'List runs, newest first',
  positionals: [{ name: 'DEALER', takes: 'optional', help: 'one dealer; without it all of them (with an admin key)' }],
  options: {
    entity: { kind: 'text', value: 'ENTITY', help: 'only runs of this entity' },
    status: { kind: 'text', value: 'STATUS', help: 'running, succeeded, partial, suspect, failed or superseded' },
    limit: { kind: 'integer', value: 'N', min: 1, max: 100_000, help: 'at most so many a dealer (20)' },
  },
  examples: ['adp runs', 'adp runs acme --entity part_stock --status partial'],
  async run({ args, hub, output }) {
    const dealer = args.optional('DEALER');
    const query = { entity: args.text('entity'), status: args.text('status') };
    const found: Run[] = [];
    for (const id of dealer === undefined ? await listDealers(hub) : [dealer]) {
      const path = pathOf('dealers', id, 'runs');
      for await (const run of listItems(hub, path, query, parseRun, args.integer('limit') ?? 20)) found.push(run);
    }
    found.sort((a, b) => (a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : 0));
    if (output.json) {
      output.data(found);
    } else if (found.length === 0) {
      output.line('no runs');
    } else {
      output.table(
        [
          { title: 'started' },
          { title: 'entity' },
          { title: 'door' },
          { title: 'status' },
          { title: 'read', align: 'right' },
          { title: 'rejected', align: 'right' },
          { title: 'written', align: 'right' },
          { title: 'balanced' },
          // Last, and never cut: it is what one copies.
          { title: 'run' },
        ],
        found.map((run) => {
          const { read, rejected, applied } = run.receipt;
          const written = applied.inserted + applied.updated + applied.deleted;
          const mark = run.status === 'running' ? '' : balanceMark(checkBalance(run.receipt).balanced, output.style);
          const counts = [read, rejected, written].map(formatCount);
          const started = run.started_at.replace(/\.\d+Z$/, 'Z');
          const status = formatStatus(run.status, output.style);
          return [started, run.entity ?? '–', run.door, status, ...counts, mark, run.run_id];
        }),
      );
    }
    return true;
  },
};
