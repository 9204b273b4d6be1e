import type { EntitySchema } from '../fieldSchema.ts';
import { addresses, extensions, requiredKey } from '../fields.ts';

export const customer = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'customer',
  description: 'Who buys from the dealer.',
  'x-key': ['customer_id'],
  type: 'object',
  additionalProperties: false,
  required: ['customer_id'],
  properties: {
    customer_id: { ...requiredKey, description: "Number of the customer in the dealer's system." },
    type: { type: 'string', description: 'Kind of customer.', examples: ['person', 'business', 'internal'] },
    name: { type: 'string', description: 'Name of the person or business.' },
    email: { type: 'string', description: 'Address for electronic mail.' },
    phone: { type: 'string', description: 'Telephone number, as the dealer writes it.' },
    addresses,
    tax_id: { type: 'string', description: 'Tax or VAT number.' },
    price_level: { type: 'string', description: 'Which prices the customer pays.', examples: ['retail', 'wholesale'] },
    active: { type: 'boolean', description: 'False where the dealer no longer sells to the customer.' },
    extensions,
  },
} as const satisfies EntitySchema;
