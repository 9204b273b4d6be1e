import type { EntitySchema } from '../fieldSchema.ts';
import { branchCode, currency, decimal, extensions, lineFields, optionalKey, requiredKey, time } from '../fields.ts';

export const workOrder = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'work_order',
  description: 'A job of the workshop.',
  'x-key': ['work_order_number', 'branch_code'],
  type: 'object',
  additionalProperties: false,
  required: ['work_order_number'],
  properties: {
    work_order_number: { ...requiredKey, description: 'Number of the work order.' },
    branch_code: { ...branchCode, ...optionalKey },
    unit_id: { type: 'string', description: 'The unit that is worked on.' },
    customer_id: { type: 'string', description: 'The customer who ordered the work.' },
    type: { type: 'string', description: 'Kind of job.', examples: ['repair', 'warranty', 'internal'] },
    status: { type: 'string', description: 'How far it is.', examples: ['open', 'waiting_for_parts', 'closed'] },
    description: { type: 'string', description: 'What the customer asked for.' },
    opened_at: { ...time, description: 'When it was opened.' },
    promised_at: { ...time, description: 'When it is promised to be done.' },
    closed_at: { ...time, description: 'When it was closed; absent while open.' },
    total: { ...decimal, description: 'Sum of all lines, with tax.' },
    currency,
    lines: {
      type: 'array',
      description: 'Labour, parts and charges.',
      items: {
        type: 'object',
        description: 'A line: labour, a part or a charge.',
        additionalProperties: false,
        properties: {
          ...lineFields,
          type: { type: 'string', description: 'Kind of line.', examples: ['labor', 'part', 'charge'] },
          status: { type: 'string', description: 'How far the line is.' },
          technician_id: { type: 'string', description: 'Who does the work.' },
        },
      },
    },
    extensions,
  },
} as const satisfies EntitySchema;
