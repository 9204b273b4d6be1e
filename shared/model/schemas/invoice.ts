import type { EntitySchema } from '../fieldSchema.ts';
import {
  branchCode,
  currency,
  date,
  decimal,
  extensions,
  lineFields,
  optionalKey,
  requiredKey,
  time,
} from '../fields.ts';

export const invoice = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'invoice',
  description: 'What a customer was charged, or credited.',
  'x-key': ['number', 'branch_code'],
  type: 'object',
  additionalProperties: false,
  required: ['number'],
  properties: {
    number: { ...requiredKey, description: 'Number of the invoice.' },
    branch_code: { ...branchCode, ...optionalKey },
    customer_id: { type: 'string', description: 'The customer who is charged.' },
    sales_order_number: { type: 'string', description: 'The sales order that it settles.' },
    work_order_number: { type: 'string', description: 'The work order that it settles.' },
    type: { type: 'string', description: 'Kind of invoice.', examples: ['parts', 'service', 'unit', 'credit'] },
    status: { type: 'string', description: 'How far it is.', examples: ['open', 'paid', 'void'] },
    invoiced_at: { ...time, description: 'When it was issued.' },
    due_date: { ...date, description: 'Day by which it is to be paid.' },
    tax: { ...decimal, description: 'Tax within the total.' },
    freight: { ...decimal, description: 'Freight within the total.' },
    total: { ...decimal, description: 'Sum of all lines, with tax and freight.' },
    currency,
    lines: {
      type: 'array',
      description: 'What was charged.',
      items: {
        type: 'object',
        description: 'A line of the invoice.',
        additionalProperties: false,
        properties: {
          ...lineFields,
          unit_id: { type: 'string', description: 'The unit, where the line sells one.' },
        },
      },
    },
    extensions,
  },
} as const satisfies EntitySchema;
