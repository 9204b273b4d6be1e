import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const listedKeySchema = {
  type: 'object',
  required: ['id', 'name', 'scopes'],
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    scopes: { type: 'array', items: { type: 'string' } },
    expires_at: { type: ['string', 'null'] },
    last_used_at: { type: ['string', 'null'] },
  },
} as const;

const createdKeySchema = {
  type: 'object',
  required: ['id', 'key'],
  properties: { id: { type: 'string' }, key: { type: 'string' } },
} as const;

export type ListedKey = FromSchema<typeof listedKeySchema>;
export type CreatedKey = FromSchema<typeof createdKeySchema>;

export const parseListedKey = answerParser<ListedKey>('a key', listedKeySchema);
export const parseCreatedKey = answerParser<CreatedKey>('a new key', createdKeySchema);
