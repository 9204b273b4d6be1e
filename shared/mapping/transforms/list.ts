import type { FromSchema } from 'json-schema-to-ts';
import { shapeOf } from '../../model/shape.ts';
import { isAbsent, textOf } from '../scalar.ts';
import { defineTransform } from '../transform.ts';
import { onText } from './text.ts';

const splitArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['separator'],
  properties: { separator: { type: 'string', minLength: 1 }, index: { type: 'integer', minimum: 0 } },
} as const;

/** The parts between separators; with `index`, that one alone (from 0), nothing where there are fewer. */
export const split = defineTransform<FromSchema<typeof splitArgs>>({
  name: 'split',
  args: splitArgs,
  compile: ({ separator, index }) =>
    onText((text) => {
      const parts = text.split(separator);
      return index === undefined ? parts : parts[index];
    }),
});

const joinArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['separator'],
  properties: { separator: { type: 'string' } },
} as const;

/** The values of a list that are there, as one text. */
export const join = defineTransform<FromSchema<typeof joinArgs>>({
  name: 'join',
  args: joinArgs,
  compile: (args) => (value, problems) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts: string[] = [];
    for (const one of values) {
      if (isAbsent(one)) continue;
      const text = textOf(one);
      if (text === null) return problems.mapping(`must be a list of single values, got ${shapeOf(one)} in it`);
      texts.push(text);
    }
    return texts.join(args.separator);
  },
});
