import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from './parse.ts';

const listedSchema = {
  type: 'object',
  required: ['source_id', 'connector'],
  properties: { source_id: { type: 'string' }, connector: { type: 'string' }, enabled: { type: 'boolean' } },
} as const;

const checkSchema = {
  type: 'object',
  required: ['ok', 'findings'],
  properties: {
    ok: { type: 'boolean' },
    findings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'level', 'detail'],
        properties: {
          name: { type: 'string' },
          level: { type: 'string' },
          detail: { type: 'string' },
          entity: { type: 'string' },
        },
      },
    },
  },
} as const;

const triggeredSchema = {
  type: 'object',
  required: ['runs'],
  properties: { runs: { type: 'array', items: { type: 'string' } } },
} as const;

const text = { type: 'string' } as const;
const trouble = {
  type: ['object', 'null'],
  properties: { code: text, detail: text, advice: text, at: text, since: text },
} as const;

const statusSchema = {
  type: 'object',
  required: ['source_id', 'last_success', 'last_error', 'parked', 'breaker', 'next_run', 'entities'],
  properties: {
    source_id: text,
    enabled: { type: 'boolean' },
    last_success: { type: ['string', 'null'] },
    last_error: trouble,
    parked: trouble,
    breaker: {
      type: 'object',
      required: ['state'],
      properties: { state: text, until: { type: ['string', 'null'] } },
    },
    next_run: { type: ['string', 'null'] },
    entities: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['cursor', 'reading', 'reads'],
        properties: {
          cursor: { type: ['string', 'null'] },
          reading: {
            type: ['object', 'null'],
            properties: { run_id: text, pages: { type: 'integer' }, rows: { type: 'integer' } },
          },
          reads: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              required: ['run_id', 'at', 'outcome'],
              properties: {
                run_id: text,
                at: text,
                outcome: text,
                code: text,
                counts: { type: 'object', additionalProperties: { type: 'integer' } },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** A source as lists of the API have it. */
export type ListedSource = FromSchema<typeof listedSchema>;
/** What a test of a source's connection found. */
export type SourceCheck = FromSchema<typeof checkSchema>;
/** How a source that is polled is doing. */
export type SourceStatus = FromSchema<typeof statusSchema>;

export const parseListedSource = answerParser<ListedSource>('a source', listedSchema);
export const parseCheck = answerParser<SourceCheck>('what a check found', checkSchema);
export const parseTriggered = answerParser<FromSchema<typeof triggeredSchema>>('the runs', triggeredSchema);
export const parseStatus = answerParser<SourceStatus>("a source's status", statusSchema);
