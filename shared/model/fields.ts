/**
 * Kinds of fields that the canonical schemas share. Each use adds its own description.
 *
 * Optional fields are absent where a source has nothing: a null or an empty text is dropped at the door (mapping), so
 * that "no value" has one form and one content hash.
 */

/** Money and whatever else must not be rounded: plain decimal text such as `12.50`, without exponent. */
export const decimal = { type: 'string', format: 'decimal', examples: ['12.50'] } as const;

/** RFC 3339 in UTC with `Z`, up to nine fraction digits. */
export const time = { type: 'string', format: 'date-time', examples: ['2025-05-13T12:00:00Z'] } as const;

/** A calendar day, without zone. */
export const date = { type: 'string', format: 'date', examples: ['2025-05-13'] } as const;

export const currency = {
  type: 'string',
  pattern: '^[A-Z]{3}$',
  description: 'Currency of the amounts, ISO 4217.',
  examples: ['USD', 'EUR'],
} as const;

/** A key field that every row must have. */
export const requiredKey = { type: 'string', minLength: 1 } as const;

/** A key field that a source may not have: missing is the same as empty. */
export const optionalKey = { type: 'string', default: '' } as const;

export const branchCode = {
  type: 'string',
  description: "The dealer's branch or store.",
  examples: ['01'],
} as const;

export const extensions = {
  type: 'object',
  description: 'What the source holds and the canonical schema has no field for, under the names of the source.',
} as const;

export const addresses = {
  type: 'array',
  description: 'Postal addresses.',
  items: {
    type: 'object',
    description: 'A postal address.',
    additionalProperties: false,
    properties: {
      type: { type: 'string', description: 'What it is used for.', examples: ['billing', 'shipping'] },
      line1: { type: 'string', description: 'Street and number.' },
      line2: { type: 'string', description: 'Suite, building, care of.' },
      city: { type: 'string', description: 'City or town.' },
      region: { type: 'string', description: 'State, province or county.', examples: ['TX'] },
      postal_code: { type: 'string', description: 'Postal or ZIP code.' },
      country: { type: 'string', description: 'Country, ISO 3166-1 alpha-2 where known.', examples: ['US'] },
    },
  },
} as const;

/** What a line of any order has. An entity adds its own. */
export const lineFields = {
  line_number: { type: 'string', description: 'Number of the line within the document.', examples: ['1'] },
  manufacturer_code: { type: 'string', description: 'Manufacturer of the part.' },
  part_number: { type: 'string', description: 'Number of the part, where the line is about a part.' },
  description: { type: 'string', description: 'What the line is about.' },
  quantity: { type: 'number', description: 'How many, in units of `uom`.' },
  uom: { type: 'string', description: 'Unit of measure.', examples: ['EA', 'HR'] },
  unit_price: { ...decimal, description: 'Price of one unit, before discount.' },
  discount: { ...decimal, description: 'Discount on the line, as an amount.' },
  amount: { ...decimal, description: 'Amount of the line, after discount, before tax.' },
  extensions,
} as const;
