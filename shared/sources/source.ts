import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { cursorKinds } from '../connectors/connector.ts';
import { fieldMappingSchema } from '../mapping/schema.ts';
import { entities } from '../model/entities.ts';
import { connectorNames } from './connectors.ts';
import { namePattern } from './dealer.ts';

/** A configuration's own settings, whose schema is the connector's. */
const settings = { type: 'object', additionalProperties: true } as const;

const ratio = { type: 'number', minimum: 0, maximum: 1 } as const;

const cron = { type: 'string', pattern: '^\\S+( \\S+){4}$' } as const;

const cursor = {
  type: 'object',
  description: "How a polled source's changes are found. Default: by `modified`, else everything is read and compared.",
  additionalProperties: false,
  properties: {
    kind: { type: 'string', enum: cursorKinds },
    column: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: 'Where the cursor stands. Default: `modified`; of rowversion the column of that type.',
    },
    overlap_seconds: {
      type: 'integer',
      minimum: 0,
      maximum: 604_800,
      description:
        "timestamp: what is read again, for what was committed late. Longer than the source's longest transaction. Default: 300.",
    },
    overlap_ids: {
      type: 'integer',
      minimum: 0,
      maximum: 10_000_000,
      description: 'monotonic_id: ids that are read again, for what was committed late. Default: 1,000.',
    },
    sweep: {
      ...cron,
      description: "When all keys are read to find what was deleted; five-field cron in the source's zone.",
      examples: ['30 2 * * *'],
    },
    reconcile: {
      ...cron,
      description: 'When everything is read and compared: also finds rows whose cursor is NULL. Five-field cron.',
      examples: ['0 3 * * sun'],
    },
  },
} as const;

/** What a source, or the pack that it extends, says of one entity. */
const entityProperties = {
  keep_unmapped: {
    type: 'boolean',
    description: 'Keep source fields that nothing reads in `extensions`. Default: false.',
  },
  modified: {
    ...fieldMappingSchema,
    description: "Where the row's own modification time stands: a source field, or a rule as in a mapping.",
  },
  cursor,
  settings: { ...settings, description: 'What the connector or format needs for this entity.' },
  max_delete_ratio: {
    ...ratio,
    description: 'A complete read that would delete more than this share of what is held is suspect. Default: 0.1.',
  },
  max_reject_ratio: {
    ...ratio,
    description:
      'Where more than this share of its rows is rejected, nothing of a file is applied; a poll stops before the page, and parks its source. Default: 0.2.',
  },
} as const;

const mapping = {
  type: 'object',
  description: 'Canonical field to where it comes from. Without one, rows are canonical already.',
  additionalProperties: fieldMappingSchema,
} as const;

const overrides = {
  type: 'object',
  description: "Canonical field to where it comes from. Over a pack's mapping, field by field; null takes one away.",
  additionalProperties: {
    anyOf: [...fieldMappingSchema.anyOf, { type: 'null' }],
    description: 'A source field, a rule, or null.',
  },
} as const;

/** One entity of a pack. */
export const packEntitySchema = {
  title: 'PackEntity',
  type: 'object',
  additionalProperties: false,
  properties: { mapping, ...entityProperties },
} as const;

/** One entity of a source. */
export const sourceEntitySchema = {
  title: 'SourceEntity',
  type: 'object',
  additionalProperties: false,
  properties: { mapping: overrides, ...entityProperties },
} as const;

const byEntity = <const Schema extends JSONSchema>(schema: Schema) => ({
  type: 'object' as const,
  description: 'By canonical entity.',
  propertyNames: { enum: Object.keys(entities) },
  additionalProperties: schema,
});

/** A base mapping that sources `extends`: what dealers with the same DMS share. */
export const packSchema = {
  title: 'Pack',
  description: 'A base mapping that sources extend: what dealers with the same DMS share.',
  type: 'object',
  additionalProperties: false,
  required: ['entities'],
  properties: {
    description: { type: 'string', maxLength: 2_000 },
    entities: byEntity(packEntitySchema),
  },
} as const;

const positive = { type: 'number', exclusiveMinimum: 0 } as const;
const timeOfDay = { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' } as const;
const weekday = '(mon|tue|wed|thu|fri|sat|sun)';

const schedule = {
  type: 'object',
  description: "When the source is polled, in the source's zone.",
  additionalProperties: false,
  properties: {
    cron: { ...cron, description: 'Five fields.', examples: ['*/15 * * * *'] },
    windows: {
      type: 'array',
      description: 'When polling is allowed. Default: always.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['from', 'to'],
        properties: {
          days: {
            type: 'string',
            pattern: `^${weekday}(-${weekday})?(,${weekday}(-${weekday})?)*$`,
            examples: ['mon-fri'],
          },
          from: { ...timeOfDay, examples: ['20:00'] },
          to: { ...timeOfDay, examples: ['06:00'] },
        },
      },
    },
  },
} as const;

const limits = {
  type: 'object',
  description: "What the dealer's system may be asked for.",
  additionalProperties: false,
  properties: {
    requests_per_minute: positive,
    burst: positive,
    requests_per_hour: positive,
    concurrency: { type: 'integer', minimum: 1, maximum: 100 },
    rows_per_second: positive,
    groups: {
      type: 'array',
      maxItems: 20,
      description: 'Entities with limits of their own besides those of the source, as where an API caps its reports.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['entities'],
        properties: {
          entities: { type: 'array', minItems: 1, items: { enum: Object.keys(entities) } },
          requests_per_minute: positive,
          requests_per_hour: positive,
        },
      },
    },
  },
} as const;

/** One connection of a dealer (contract.md, "A source"). */
export const sourceSchema = {
  title: 'Source',
  description: 'One connection of a dealer, with its mapping.',
  type: 'object',
  additionalProperties: false,
  required: ['connector'],
  properties: {
    connector: { type: 'string', enum: connectorNames },
    enabled: { type: 'boolean', description: 'Default: true. What comes in for a disabled source is refused.' },
    time_zone: {
      type: 'string',
      format: 'time-zone',
      description: "IANA zone of times that come without one. Default: the dealer's.",
      examples: ['America/Chicago'],
    },
    extends: { type: 'string', pattern: namePattern, description: 'The pack whose mapping this one builds on.' },
    credential: {
      type: 'string',
      pattern: '^[0-9A-Za-z-]{1,127}$',
      description: 'Name of the Key Vault secret. Secrets themselves never stand in a source.',
    },
    schedule,
    limits,
    settings: { ...settings, description: "The connector's own settings." },
    entities: {
      ...byEntity(sourceEntitySchema),
      description: 'The entities that it brings. Default: those of the pack.',
    },
  },
} as const;

export type Pack = FromSchema<typeof packSchema>;
export type Source = FromSchema<typeof sourceSchema>;
