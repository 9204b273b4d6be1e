import type { EntitySchema } from '../fieldSchema.ts';
import { branchCode, currency, date, decimal, extensions, lineFields, requiredKey, time } from '../fields.ts';

export const purchaseOrder = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'purchase_order',
  description: 'An order of the dealer to a supplier.',
  'x-key': ['purchase_order_number'],
  type: 'object',
  additionalProperties: false,
  required: ['purchase_order_number'],
  properties: {
    purchase_order_number: { ...requiredKey, description: 'Number of the order.' },
    branch_code: branchCode,
    supplier_id: { type: 'string', description: 'The supplier who is to deliver.' },
    status: { type: 'string', description: 'How far it is.', examples: ['open', 'confirmed', 'received'] },
    ordered_at: { ...time, description: 'When it was ordered.' },
    eta: { ...date, description: 'Day on which it is expected.' },
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
          eta: { ...date, description: 'Day on which the line is expected.' },
          received_quantity: { type: 'number', description: 'How many have come.' },
          rejected_quantity: { type: 'number', description: 'How many came and were refused.' },
        },
      },
    },
    extensions,
  },
} as const satisfies EntitySchema;
