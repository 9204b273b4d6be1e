import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const quarantinedSchema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    entity: { type: 'string' },
    run_id: { type: 'string' },
    stage: { type: 'string' },
    row: { type: ['integer', 'null'] },
    field: { type: ['string', 'null'] },
    code: { type: 'string' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: ['string', 'null'] }, code: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const;

/** A row that could not be applied, kept for replay. */
export type Quarantined = FromSchema<typeof quarantinedSchema>;

export const parseQuarantined = answerParser<Quarantined>('a quarantined row', quarantinedSchema);
