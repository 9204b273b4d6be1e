import type { EntitySchema } from '../fieldSchema.ts';
import { currency, decimal, extensions, optionalKey, requiredKey } from '../fields.ts';

export const part = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'part',
  description: 'A part as the dealer knows it, whatever the branch.',
  'x-key': ['manufacturer_code', 'part_number'],
  type: 'object',
  additionalProperties: false,
  required: ['part_number'],
  properties: {
    manufacturer_code: { ...optionalKey, description: 'Manufacturer or line of the part.', examples: ['CAT'] },
    part_number: { ...requiredKey, description: 'Number of the part.', examples: ['AR-5381'] },
    description: { type: 'string', description: 'What the part is.' },
    class: { type: 'string', description: "The dealer's classification, such as its movement class or product group." },
    uom: { type: 'string', description: 'Unit of measure in which it is stocked and sold.', examples: ['EA', 'BOX'] },
    pack_qty: { type: 'number', description: 'Units in a pack.' },
    superseded_by: { type: 'string', description: 'Number of the part that replaces this one.' },
    status: { type: 'string', description: 'State of the part.', examples: ['active', 'obsolete', 'superseded'] },
    weight: { type: 'number', description: 'Weight of one unit, in `weight_uom`.' },
    weight_uom: { type: 'string', description: 'Unit of the weight.', examples: ['kg', 'lb'] },
    standard_cost: { ...decimal, description: 'Standard cost of one unit.' },
    currency,
    extensions,
  },
} as const satisfies EntitySchema;
