import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const pushedSchema = {
  type: 'object',
  required: ['run_id', 'received', 'accepted', 'rejected'],
  properties: {
    run_id: { type: 'string' },
    received: { type: 'integer' },
    accepted: { type: 'integer' },
    rejected: { type: 'integer' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          index: { type: ['integer', 'null'] },
          field: { type: ['string', 'null'] },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
} as const;

/** The answer to a pushed batch: 202, or 422 where no row was valid. */
export type Pushed = FromSchema<typeof pushedSchema>;

export const parsePushed = answerParser<Pushed>('an answer to a batch', pushedSchema);
