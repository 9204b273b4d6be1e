import type { EntitySchema } from '../fieldSchema.ts';
import { branchCode, currency, decimal, extensions, lineFields, optionalKey, requiredKey, time } from '../fields.ts';

export const salesOrder = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'sales_order',
  description: 'An order of a customer.',
  'x-key': ['number', 'branch_code'],
  type: 'object',
  additionalProperties: false,
  required: ['number'],
  properties: {
    number: { ...requiredKey, description: 'Number of the order.', examples: ['SO43659'] },
    branch_code: { ...branchCode, ...optionalKey },
    customer_id: { type: 'string', description: 'The customer who ordered.' },
    customer_reference: { type: 'string', description: "The customer's own number for the order." },
    type: { type: 'string', description: 'Kind of order.', examples: ['counter', 'online', 'unit'] },
    status: { type: 'string', description: 'How far it is.', examples: ['open', 'shipped', 'cancelled'] },
    ordered_at: { ...time, description: 'When it was ordered.' },
    tax: { ...decimal, description: 'Tax within the total.' },
    freight: { ...decimal, description: 'Freight within the total.' },
    total: { ...decimal, description: 'Sum of all lines, with tax and freight.' },
    currency,
    lines: {
      type: 'array',
      description: 'What was ordered.',
      items: {
        type: 'object',
        description: 'A line of the order.',
        additionalProperties: false,
        properties: {
          ...lineFields,
          unit_id: { type: 'string', description: 'The unit, where the line sells one.' },
          shipped_quantity: { type: 'number', description: 'How many have been shipped.' },
        },
      },
    },
    extensions,
  },
} as const satisfies EntitySchema;
