import type { FromSchema, JSONSchema } from 'json-schema-to-ts';

const transforms = {
  type: 'array',
  description:
    'Named transforms, applied in turn: "trim", or {"number": {"decimal": ","}} with arguments. ' +
    'They see only values that are there.',
  items: {
    anyOf: [
      { type: 'string' },
      { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: { type: 'object' } },
    ],
  },
} as const satisfies JSONSchema;

const from = {
  description: 'The source field, or a path such as "a.b[0].c"; several give the list of the values that are there.',
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
  ],
} as const satisfies JSONSchema;

const fallback = { description: 'Taken where the source has nothing: no field, null or empty text.' } as const;

const constant = { description: 'A value that does not come from the source.' } as const;

const choice = {
  type: 'object',
  additionalProperties: false,
  properties: { from, const: constant, transform: transforms, default: fallback },
} as const satisfies JSONSchema;

const coalesce = {
  type: 'array',
  description: 'The first of these that is there.',
  minItems: 1,
  items: { anyOf: [{ type: 'string', minLength: 1 }, choice] },
} as const satisfies JSONSchema;

const lineRule = {
  anyOf: [
    { type: 'string', minLength: 1 },
    {
      type: 'object',
      additionalProperties: false,
      properties: { from, coalesce, const: constant, transform: transforms, default: fallback },
    },
  ],
} as const satisfies JSONSchema;

/** Where one canonical field comes from: a source field's name, or a rule with exactly one of from, coalesce, const. */
export const fieldMappingSchema = {
  anyOf: [
    { type: 'string', minLength: 1 },
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        from,
        coalesce,
        const: constant,
        transform: transforms,
        default: fallback,
        each: {
          type: 'object',
          description: 'For lists: the fields of one line, from the fields of one element of the source.',
          additionalProperties: lineRule,
        },
      },
    },
  ],
} as const satisfies JSONSchema;

/**
 * The `mapping` of one entity of a source (contract.md, "A source"): canonical field, or a path into one such as
 * `addresses[0].city` or `extensions.colour`, to where it comes from. This schema checks the form; `compileMapper` checks
 * the meaning: fields, transforms and their arguments.
 */
export const entityMappingSchema = {
  type: 'object',
  additionalProperties: fieldMappingSchema,
} as const satisfies JSONSchema;

export type FieldMapping = FromSchema<typeof fieldMappingSchema>;
export type EntityMapping = FromSchema<typeof entityMappingSchema>;
