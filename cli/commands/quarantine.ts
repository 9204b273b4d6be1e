import { listItems } from '../answers/list.ts';
import { parseQuarantined, type Quarantined } from '../answers/quarantined.ts';
import type { Command } from '../command.ts';
import { pathOf } from '../paths.ts';

const usualLimit = 20;

export const quarantine: Command = {
  name: 'quarantine',
  summary: 'List rows that could not be applied, and why',
  positionals: [{ name: 'DEALER', takes: 'one', help: "the dealer's id" }],
  options: {
    run: { kind: 'text', value: 'RUN', help: 'only rows of this run' },
    limit: { kind: 'integer', value: 'N', min: 1, max: 1_000_000, help: `at most so many (${usualLimit})` },
  },
  examples: ['adp quarantine acme', 'adp quarantine acme --run acme.8268… --limit 500 --json'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const limit = args.integer('limit') ?? usualLimit;
    const path = pathOf('dealers', dealer, 'quarantine');
    const found: Quarantined[] = [];
    for await (const row of listItems(hub, path, { run: args.text('run') }, parseQuarantined, limit)) found.push(row);
    if (output.json) {
      output.data(found);
    } else if (found.length === 0) {
      output.line('nothing in quarantine');
    } else {
      // The reason comes last and is not cut: it is what one came for.
      output.table(
        [{ title: 'id' }, { title: 'entity' }, { title: 'stage' }, { title: 'reason' }],
        found.map((row) => [row.id, row.entity ?? '', row.stage ?? '', reasonOf(row)]),
      );
      output.line();
      output.line(`once the cause is mended: adp replay ${dealer} ID…, or adp replay ${dealer} --all`);
    }
    return true;
  },
};

function reasonOf(row: Quarantined): string {
  const reasons = row.errors ?? [row];
  return reasons
    .map(({ field, code, detail }) => [field ? `${field}:` : undefined, detail ?? code].filter(Boolean).join(' '))
    .join('; ');
}
