import type { EntitySchema } from '../fieldSchema.ts';
import { branchCode, date, extensions, optionalKey, requiredKey, time } from '../fields.ts';

export const partStock = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'part_stock',
  description: 'How much of a part lies in one bin of one branch. Quantities are in the unit of the part.',
  'x-key': ['part_number', 'branch_code', 'bin'],
  type: 'object',
  additionalProperties: false,
  required: ['part_number'],
  properties: {
    part_number: { ...requiredKey, description: 'Number of the part.', examples: ['AR-5381'] },
    branch_code: { ...branchCode, ...optionalKey },
    bin: { ...optionalKey, description: 'Place within the branch.', examples: ['A-12-3'] },
    on_hand: { type: 'number', description: 'What is physically there.' },
    available: { type: 'number', description: 'What may be sold: on hand less reserved.' },
    reserved: { type: 'number', description: 'What is promised to orders.' },
    on_order: { type: 'number', description: 'What was ordered from suppliers and has not come.' },
    back_order: { type: 'number', description: 'What customers wait for.' },
    reorder_point: { type: 'number', description: 'Quantity at which it is ordered again.' },
    min: { type: 'number', description: 'Least quantity to be kept.' },
    max: { type: 'number', description: 'Greatest quantity to be kept.' },
    last_sold_date: { ...date, description: 'Day of the last sale.' },
    as_of: { ...time, description: 'When the quantities were true.' },
    extensions,
  },
} as const satisfies EntitySchema;
