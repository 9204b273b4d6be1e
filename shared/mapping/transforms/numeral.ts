import type { FromSchema } from 'json-schema-to-ts';
import { AdpError } from '../../errors.ts';
import { toDecimal, toExactNumber } from '../../model/decimal.ts';
import { NumberLiteral } from '../../model/literal.ts';
import { shapeOf } from '../../model/shape.ts';
import type { Problems } from '../problems.ts';
import { type Apply, defineTransform } from '../transform.ts';
import { onText } from './text.ts';

const args = {
  type: 'object',
  additionalProperties: false,
  properties: {
    decimal: { type: 'string', enum: ['.', ','], description: 'Stands before the fraction; default "."' },
    thousands: { type: 'string', enum: ['.', ',', ' ', "'"], description: 'Stands between groups; default none' },
  },
} as const;

type Marks = FromSchema<typeof args>;

/** A number, written with a decimal point or comma. */
export const number = defineTransform<Marks>({
  name: 'number',
  args,
  compile: (marks) => onDecimal(marks, exactNumber),
});

/** A whole number; `12.00` is one. */
export const integer = defineTransform<Marks>({
  name: 'integer',
  args,
  compile: (marks) =>
    onDecimal(marks, (text, problems) => {
      if (/\.0*[1-9]/.test(text)) return problems.mapping('must be a whole number, got a number with a fraction');
      return exactNumber(text, problems);
    }),
});

/** Decimal text with all the digits that came. */
export const decimal = defineTransform<Marks>({
  name: 'decimal',
  args,
  compile: (marks) => onDecimal(marks, (text) => text),
});

function exactNumber(text: string, problems: Problems): unknown {
  return toExactNumber(text) ?? problems.mapping('has more digits than a number can hold');
}

function onDecimal(marks: Marks, finish: (decimal: string, problems: Problems) => unknown): Apply {
  if (marks.thousands === (marks.decimal ?? '.')) {
    throw new AdpError('CONFIG_ERROR', 'takes one mark for the fraction and for groups');
  }
  const read = onText((text, problems) => {
    const trimmed = text.trim();
    if (trimmed === '') return undefined;
    const plain = plainNumeral(trimmed, marks);
    const decimal = plain === null ? null : toDecimal(plain);
    return decimal === null ? problems.mapping(refusal(marks, text)) : finish(decimal, problems);
  });
  return (value, problems) => {
    // What came as a number has no marks.
    if (typeof value !== 'number' && typeof value !== 'bigint' && !(value instanceof NumberLiteral)) {
      return read(value, problems);
    }
    const decimal = toDecimal(value instanceof NumberLiteral ? value.text : String(value));
    return decimal === null ? problems.mapping(refusal({}, value)) : finish(decimal, problems);
  };
}

/** The numeral with a point before its fraction and nothing between its groups; null where marks stand elsewhere. */
function plainNumeral(text: string, { decimal = '.', thousands }: Marks): string | null {
  const [whole = '', fraction, ...more] = text.split(decimal);
  if (more.length > 0) return null;
  const groups = thousands === undefined ? [whole] : withPlainSpaces(whole).split(thousands);
  const grouped =
    groups.length === 1 || groups.every((group, index) => (index === 0 ? /^[+-]?\d{1,3}$/ : /^\d{2,3}$/).test(group));
  // A point that is neither the decimal mark nor a group's is no number: "1.5" where fractions have commas.
  if (whole.includes('.') && thousands !== '.') return null;
  if (!grouped || (groups.length > 1 && groups.at(-1)?.length !== 3)) return null;
  return fraction === undefined ? groups.join('') : `${groups.join('')}.${fraction}`;
}

/** French and Swiss writers part groups by spaces that don't break. */
function withPlainSpaces(text: string): string {
  return text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ').replaceAll('\u2019', "'");
}

function refusal({ decimal = '.', thousands }: Marks, value: unknown): string {
  const marks = `decimal "${decimal}"${thousands === undefined ? '' : `, thousands "${thousands}"`}`;
  return `must be a number (${marks}), got ${shapeOf(value)}`;
}
