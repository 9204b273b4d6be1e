import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const recordSchema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    source_id: { type: ['string', 'null'] },
    content_hash: { type: ['string', 'null'] },
    ingested_at: { type: 'string' },
    deleted_at: { type: ['string', 'null'] },
    data: { type: ['object', 'null'] },
  },
} as const;

/** A record as the hub holds it; without `data` it is a tombstone. */
export type HeldRecord = FromSchema<typeof recordSchema>;

export const parseRecord = answerParser<HeldRecord>('a record', recordSchema);
