import type { FromSchema } from 'json-schema-to-ts';
import { shapeOf } from '../../model/shape.ts';
import { defineTransform } from '../transform.ts';
import { onText } from './text.ts';

const meaning = { type: ['string', 'number', 'boolean', 'null'] } as const;

const args = {
  type: 'object',
  additionalProperties: false,
  required: ['table'],
  properties: { table: { type: 'object', additionalProperties: meaning }, default: meaning },
} as const;

/**
 * A code by its meaning in a table, byte for byte; null in the table means that there is no value. A code that isn't in
 * the table takes `default`, and is an error without one.
 */
export const lookup = defineTransform<FromSchema<typeof args>>({
  name: 'lookup',
  args,
  compile({ table, default: fallback }) {
    const meanings = new Map<string, unknown>(Object.entries(table));
    return onText((text, problems) => {
      if (meanings.has(text)) return meanings.get(text);
      if (fallback !== undefined) return fallback;
      return problems.mapping(`is not in the lookup's table, got ${shapeOf(text)}`);
    });
  },
});
