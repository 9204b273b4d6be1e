import type { EntitySchema } from '../fieldSchema.ts';
import { branchCode, currency, decimal, extensions, requiredKey } from '../fields.ts';

export const unit = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'unit',
  description: 'A machine or vehicle: in stock, or owned by a customer and serviced here.',
  'x-key': ['unit_id'],
  type: 'object',
  additionalProperties: false,
  required: ['unit_id'],
  properties: {
    unit_id: { ...requiredKey, description: "Number of the unit in the dealer's system." },
    stock_number: { type: 'string', description: 'Number in the inventory, while in stock.' },
    branch_code: branchCode,
    vin: { type: 'string', description: 'Vehicle identification number, ISO 3779.' },
    serial_number: { type: 'string', description: "The manufacturer's serial number." },
    make: { type: 'string', description: 'Manufacturer.' },
    model: { type: 'string', description: 'Model.' },
    year: { type: 'integer', description: 'Model year.', minimum: 0, maximum: 9999, examples: [2025] },
    condition: { type: 'string', description: 'State of the unit.', examples: ['new', 'used', 'demo'] },
    inventory_status: {
      type: 'string',
      description: 'Where it stands.',
      examples: ['in_stock', 'on_order', 'sold', 'customer_owned'],
    },
    hours: { type: 'number', description: 'Reading of the hour meter.' },
    odometer: { type: 'number', description: 'Reading of the odometer, in `odometer_uom`.' },
    odometer_uom: { type: 'string', description: 'Unit of the odometer.', examples: ['mi', 'km'] },
    list_price: { ...decimal, description: 'Price at which it is offered.' },
    currency,
    owner_customer_id: { type: 'string', description: 'The customer who owns it.' },
    extensions,
  },
} as const satisfies EntitySchema;
