import type { EntitySchema } from '../fieldSchema.ts';
import { currency, date, decimal, extensions, requiredKey } from '../fields.ts';

export const partPrice = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'part_price',
  description: 'A price of a part from a day on.',
  'x-key': ['part_number', 'price_type', 'effective_from'],
  type: 'object',
  additionalProperties: false,
  required: ['part_number', 'price_type', 'effective_from'],
  properties: {
    part_number: { ...requiredKey, description: 'Number of the part.', examples: ['AR-5381'] },
    price_type: { ...requiredKey, description: 'Which price it is.', examples: ['list', 'dealer', 'core'] },
    effective_from: { ...date, description: 'First day on which it holds.' },
    effective_to: { ...date, description: 'Last day on which it holds; absent while open.' },
    amount: { ...decimal, description: 'Price of one unit.' },
    currency,
    extensions,
  },
} as const satisfies EntitySchema;
