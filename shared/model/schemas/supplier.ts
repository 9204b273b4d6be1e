import type { EntitySchema } from '../fieldSchema.ts';
import { addresses, extensions, requiredKey } from '../fields.ts';

export const supplier = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'supplier',
  description: 'Whom the dealer buys from.',
  'x-key': ['supplier_id'],
  type: 'object',
  additionalProperties: false,
  required: ['supplier_id'],
  properties: {
    supplier_id: { ...requiredKey, description: "Number of the supplier in the dealer's system." },
    name: { type: 'string', description: 'Name of the business.' },
    account_number: { type: 'string', description: "The dealer's account with the supplier." },
    credit_rating: { type: 'string', description: 'Rating, as the dealer writes it.', examples: ['A', '1'] },
    preferred: { type: 'boolean', description: 'True where the dealer prefers the supplier to others.' },
    active: { type: 'boolean', description: 'False where the dealer no longer buys from the supplier.' },
    email: { type: 'string', description: 'Address for electronic mail.' },
    phone: { type: 'string', description: 'Telephone number, as the dealer writes it.' },
    addresses,
    extensions,
  },
} as const satisfies EntitySchema;
