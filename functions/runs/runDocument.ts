import { errorCodes } from '../../shared/errors.ts';
import { entities } from '../../shared/model/entities.ts';
import { balances, emptyCounts, type Run } from '../../shared/model/run.ts';

const count = { type: 'integer', minimum: 0 } as const;

/** One row's error, as answers and runs show it. */
export const rowErrorSchema = {
  title: 'RowError',
  type: 'object',
  required: ['code', 'detail'],
  properties: {
    index: { ...count, description: 'Position of the row in the batch, from 0.' },
    row: { type: 'integer', minimum: 1, description: 'Its line (CSV, NDJSON) or number (JSON, XML), from 1.' },
    field: { type: 'string', description: 'The field, as in `lines[2].amount`.' },
    code: { enum: errorCodes },
    detail: { type: 'string', description: 'What was expected. Never the value.' },
  },
} as const;

/** contract.md, "A run". */
export const runSchema = {
  title: 'Run',
  description: 'One batch, reload, event, page loop or file, with its receipt.',
  type: 'object',
  required: [
    'run_id',
    'dealer_id',
    'source_id',
    'entity',
    'door',
    'status',
    'started_at',
    'finished_at',
    'receipt',
    'errors',
  ],
  properties: {
    run_id: { type: 'string' },
    dealer_id: { type: 'string' },
    source_id: { type: ['string', 'null'] },
    entity: {
      enum: [...Object.keys(entities), null],
      description: 'Null where a file does not say which: such a run has failed.',
    },
    door: { enum: ['push', 'reload', 'event', 'poll', 'file'] },
    status: {
      enum: ['running', 'succeeded', 'partial', 'suspect', 'failed', 'superseded'],
      description:
        'succeeded: it balances and nothing was rejected, held or quarantined. partial: with rejects or quarantine. suspect: a complete read that can hardly be one; its deletes are held until it is approved. superseded: a newer read came first. failed: it can not balance; `errors` says why.',
    },
    started_at: { type: 'string', format: 'date-time' },
    finished_at: { type: ['string', 'null'], format: 'date-time' },
    receipt: {
      type: 'object',
      description:
        'Balanced: read = rejected + repeated + unchanged + upserts + deletes that were rows, and upserts + deletes = applied + skipped + held + quarantined.',
      properties: {
        read: count,
        rejected: count,
        repeated: { ...count, description: 'Rows whose key came again in the run with a higher version.' },
        unchanged: count,
        upserts: count,
        deletes: count,
        applied: { type: 'object', properties: { inserted: count, updated: count, deleted: count } },
        skipped: {
          type: 'object',
          properties: {
            unchanged: { ...count, description: 'What is held is the same.' },
            stale: { ...count, description: 'What is held is newer.' },
          },
        },
        held: count,
        quarantined: count,
        balanced: { type: 'boolean' },
      },
    },
    progress: {
      type: 'object',
      description: 'How far it is, of runs that take long; only while they run.',
      properties: {
        bytes: { ...count, description: 'Of the file, unpacked.' },
        rows: count,
        sent: { ...count, description: 'Changes that the queue has accepted.' },
        at: { type: 'string', format: 'date-time', description: 'When it was so far.' },
      },
    },
    errors: { type: 'array', maxItems: 100, items: rowErrorSchema },
    file: {
      type: 'object',
      description: 'Of the door `file`: the file as it arrived.',
      properties: { path: { type: 'string', examples: ['acme/acme_part_stock.csv'] }, bytes: count },
    },
    cursor: {
      type: 'object',
      description: "Of the door `poll`: from where to where the source was read, in the source's own words.",
      properties: { from: { type: 'string' }, to: { type: 'string' } },
    },
    notes: {
      type: 'array',
      items: { type: 'string' },
      description: 'What one may want to know: what was sniffed in a file, a column that is new, a file taken before.',
    },
  },
} as const;

/** A run as clients see it. Until it is sealed, its door's counts are zero. */
export function runDocument(run: Run) {
  const counts = run.sealed?.counts ?? emptyCounts;
  const { tally } = run;
  return {
    run_id: run.runId,
    dealer_id: run.dealerId,
    source_id: run.sourceId,
    entity: run.entity,
    door: run.door,
    status: run.status,
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    receipt: {
      read: counts.read,
      rejected: counts.rejected,
      repeated: counts.repeated,
      unchanged: counts.unchanged,
      upserts: counts.upserts,
      deletes: counts.deletes,
      applied: { inserted: tally.inserted, updated: tally.updated, deleted: tally.deleted },
      skipped: { unchanged: tally.unchanged, stale: tally.stale },
      held: tally.held,
      quarantined: tally.quarantined,
      balanced: run.sealed !== undefined && balances(counts, tally),
    },
    ...(run.progress === undefined ? {} : { progress: run.progress }),
    errors: run.errors,
    ...(run.file === undefined ? {} : { file: run.file }),
    ...(run.cursor === undefined ? {} : { cursor: run.cursor }),
    ...(run.notes === undefined ? {} : { notes: run.notes }),
  };
}
