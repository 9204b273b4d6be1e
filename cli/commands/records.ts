import { listItems } from '../answers/list.ts';
import { type HeldRecord, parseRecord } from '../answers/record.ts';
import type { Arguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { plural } from '../output.ts';
import { pathOf } from '../paths.ts';
import { usageError } from '../usageError.ts';

const usualLimit = 20;

export const records: Command = {
  name: 'records',
  summary: 'Show what the hub holds of an entity of a dealer',
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'ENTITY', takes: 'one', help: 'part, part_stock, …' },
  ],
  options: {
    key: { kind: 'list', value: 'FIELD=VALUE', help: 'only records with this value of a key field; may be repeated' },
    'updated-since': { kind: 'text', value: 'TIME', help: 'only what came in at or after this time (RFC 3339)' },
    'include-deleted': { kind: 'flag', help: 'deleted records too' },
    limit: { kind: 'integer', value: 'N', min: 1, max: 10_000_000, help: `at most so many (${usualLimit})` },
    all: { kind: 'flag', help: 'all of them' },
  },
  examples: [
    'adp records acme part_stock --key part_number=AR-5381',
    'adp records acme customer --all --json > customers.ndjson',
  ],
  details: 'With --json, one record a line (NDJSON), as they come: no matter how many there are.',
  async run({ args, hub, output, signal }) {
    if (args.flag('all') && args.integer('limit') !== undefined)
      throw usageError('--all and --limit exclude each other');
    const limit = args.flag('all') ? Number.POSITIVE_INFINITY : (args.integer('limit') ?? usualLimit);
    const query = {
      ...keyFields(args),
      updated_since: args.text('updated-since'),
      include_deleted: args.flag('include-deleted') || undefined,
    };
    const path = pathOf('dealers', args.one('DEALER'), args.one('ENTITY'), 'records');
    const progress = output.progress();
    const found: HeldRecord[] = [];
    let count = 0;
    for await (const record of listItems(hub, path, query, parseRecord, limit)) {
      signal.throwIfAborted();
      count++;
      if (output.json) output.line(JSON.stringify(record));
      else found.push(record);
      if (!output.json) progress.show(`${plural(count, 'record')} read`);
    }
    progress.clear();
    if (output.json) return true;
    if (count === 0) {
      output.line('no records');
      return true;
    }
    output.table(
      [{ title: 'id' }, { title: 'ingested' }, { title: 'data', shrinks: true }],
      found.map((record) => [record.id, record.ingested_at ?? '', summaryOf(record)]),
    );
    if (count === limit) output.line(output.style.dim(`the first ${count}: --limit N or --all shows more`));
    return true;
  },
};

/** `--key part_number=AR-5381` */
function keyFields(args: Arguments): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const text of args.list('key')) {
    const [, field, value] = /^([a-z_]+)=(.*)$/s.exec(text) ?? [];
    if (field === undefined || value === undefined) throw usageError(`--key ${text} must be FIELD=VALUE`);
    fields[field] = value;
  }
  return fields;
}

function summaryOf(record: HeldRecord): string {
  if (record.deleted_at) return `deleted ${record.deleted_at}`;
  return Object.entries(record.data ?? {})
    .map(([field, value]) => `${field} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
