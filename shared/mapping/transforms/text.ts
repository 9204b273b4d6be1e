import type { FromSchema } from 'json-schema-to-ts';
import { shapeOf } from '../../model/shape.ts';
import type { Problems } from '../problems.ts';
import { maxTextLength, textOf } from '../scalar.ts';
import { type Apply, defineTransform, noArgs } from '../transform.ts';

/** Spaces around the text are dropped. */
export const trim = defineTransform({ name: 'trim', args: noArgs, compile: () => onText((text) => text.trim()) });

export const upper = defineTransform({
  name: 'upper',
  args: noArgs,
  compile: () => onText((text) => text.toUpperCase()),
});

export const lower = defineTransform({
  name: 'lower',
  args: noArgs,
  compile: () => onText((text) => text.toLowerCase()),
});

const replaceArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['find', 'with'],
  properties: { find: { type: 'string', minLength: 1 }, with: { type: 'string' } },
} as const;

/** Every occurrence of one text becomes another. No patterns: a mapping can't be made slow. */
export const replace = defineTransform<FromSchema<typeof replaceArgs>>({
  name: 'replace',
  args: replaceArgs,
  compile: (args) => onText((text) => text.replaceAll(args.find, () => args.with)),
});

const affixArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['text'],
  properties: { text: { type: 'string' } },
} as const;

export const prefix = defineTransform<FromSchema<typeof affixArgs>>({
  name: 'prefix',
  args: affixArgs,
  compile: (args) => onText((text) => args.text + text),
});

export const suffix = defineTransform<FromSchema<typeof affixArgs>>({
  name: 'suffix',
  args: affixArgs,
  compile: (args) => onText((text) => text + args.text),
});

const substringArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['start'],
  properties: { start: { type: 'integer', minimum: 0 }, length: { type: 'integer', minimum: 1 } },
} as const;

/** `length` characters (Unicode code points) from `start`, which counts from 0; without `length`, all that follow. */
export const substring = defineTransform<FromSchema<typeof substringArgs>>({
  name: 'substring',
  args: substringArgs,
  compile({ start, length }) {
    const end = length === undefined ? undefined : start + length;
    return onText((text) => Array.from(text).slice(start, end).join(''));
  },
});

const padArgs = {
  type: 'object',
  additionalProperties: false,
  required: ['length', 'with'],
  properties: {
    length: { type: 'integer', minimum: 1, maximum: 1000 },
    with: { type: 'string', minLength: 1, maxLength: 1 },
    side: { type: 'string', enum: ['start', 'end'] },
  },
} as const;

/** Filled up to `length` with one character, at the start unless `side` is `end`. */
export const pad = defineTransform<FromSchema<typeof padArgs>>({
  name: 'pad',
  args: padArgs,
  compile: (args) =>
    onText((text) =>
      args.side === 'end' ? text.padEnd(args.length, args.with) : text.padStart(args.length, args.with),
    ),
});

/** A change of a text, for every single value: what isn't text yet is taken as its text. */
export function onText(change: (text: string, problems: Problems) => unknown): Apply {
  return (value, problems) => {
    const text = textOf(value);
    if (text === null) return problems.mapping(`must be a single value, got ${shapeOf(value)}`);
    if (text.length > maxTextLength) return problems.mapping(`must not be longer than ${maxTextLength} characters`);
    return change(text, problems);
  };
}
