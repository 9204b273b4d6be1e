import type { FromSchema } from 'json-schema-to-ts';
import { checkJson } from '../check.ts';

/** contract.md, "Names": dealers, sources and packs. */
export const namePattern = '^[a-z0-9][a-z0-9_-]{1,62}$';

/** A dealer: a tenant. */
export const dealerSchema = {
  title: 'Dealer',
  description: 'A dealer: a tenant of the hub.',
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200, description: 'What people call the dealer.' },
    time_zone: {
      type: 'string',
      format: 'time-zone',
      description: 'IANA zone of times that come without one. Default: UTC. A source may have its own.',
      examples: ['America/Chicago'],
    },
    currency: {
      type: 'string',
      pattern: '^[A-Z]{3}$',
      description: 'Currency of the dealer, ISO 4217.',
      examples: ['USD'],
    },
    enabled: { type: 'boolean', description: "Default: true. The keys of a disabled dealer's are refused with 403." },
  },
} as const;

export type Dealer = FromSchema<typeof dealerSchema>;

export const dealerCheck = checkJson(dealerSchema);
