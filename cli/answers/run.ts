import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const count = { type: 'integer', minimum: 0 } as const;

const receiptSchema = {
  type: 'object',
  required: [
    'read',
    'rejected',
    'repeated',
    'unchanged',
    'upserts',
    'deletes',
    'applied',
    'skipped',
    'held',
    'quarantined',
    'balanced',
  ],
  properties: {
    read: count,
    rejected: count,
    repeated: count,
    unchanged: count,
    upserts: count,
    deletes: count,
    applied: {
      type: 'object',
      required: ['inserted', 'updated', 'deleted'],
      properties: { inserted: count, updated: count, deleted: count },
    },
    skipped: { type: 'object', required: ['unchanged', 'stale'], properties: { unchanged: count, stale: count } },
    held: count,
    quarantined: count,
    balanced: { type: 'boolean' },
  },
} as const;

const runSchema = {
  type: 'object',
  required: ['run_id', 'dealer_id', 'entity', 'door', 'status', 'started_at', 'receipt'],
  properties: {
    run_id: { type: 'string' },
    dealer_id: { type: 'string' },
    source_id: { type: ['string', 'null'] },
    entity: { type: ['string', 'null'] },
    door: { type: 'string' },
    status: { type: 'string' },
    started_at: { type: 'string' },
    finished_at: { type: ['string', 'null'] },
    receipt: receiptSchema,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          row: { type: ['integer', 'null'] },
          field: { type: ['string', 'null'] },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
    file: { type: 'object', required: ['path'], properties: { path: { type: 'string' }, bytes: count } },
    notes: { type: 'array', items: { type: 'string' } },
  },
} as const;

/** What became of the rows of one run: see contract, "A run". */
export type Receipt = FromSchema<typeof receiptSchema>;
export type Run = FromSchema<typeof runSchema>;

export const parseRun = answerParser<Run>('a run', runSchema);
