import { toDecimal, toExactNumber } from '../model/decimal.ts';
import { type JsonValue, setOwn } from '../model/json.ts';
import { NumberLiteral } from '../model/literal.ts';
import { shapeOf } from '../model/shape.ts';
import type { Problems } from './problems.ts';
import { textFault, textOf } from './scalar.ts';

const maxDepth = 32;

/**
 * A value that is kept as it came (in `extensions`), as JSON: dates as text, bytes as base64, numbers that a JS number
 * can't hold exactly as text. Refuses what is nested deeper than 32 and what JSON can't express.
 */
export function keep(value: unknown, problems: Problems, depth = 0): JsonValue | undefined {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const fault = textFault(value);
    return fault === null ? value : problems.data(fault);
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'bigint') return numberOrText(String(value));
  if (value instanceof NumberLiteral) return numberOrText(value.text);
  if (value instanceof Date) return textOf(value) ?? problems.data('must be a time in the years 0001 to 9999');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object') return problems.data(`can't be kept, got ${shapeOf(value)}`);
  if (depth >= maxDepth) return problems.data(`must not be nested deeper than ${maxDepth}`);
  return Array.isArray(value) ? keepArray(value, problems, depth) : keepObject(value, problems, depth);
}

function keepArray(values: readonly unknown[], problems: Problems, depth: number): JsonValue {
  return values.map((value, index) => {
    const from = problems.errors.length;
    const kept = keep(value ?? null, problems, depth + 1);
    if (problems.errors.length > from) problems.within(from, `[${index}]`);
    return kept ?? null;
  });
}

function keepObject(value: object, problems: Problems, depth: number): JsonValue {
  const kept: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const from = problems.errors.length;
    const one = key.isWellFormed()
      ? keep(member ?? null, problems, depth + 1)
      : problems.data('has a name that is not well-formed Unicode');
    if (problems.errors.length > from) problems.within(from, shortName(key));
    if (one !== undefined) setOwn(kept, key, one);
  }
  return kept;
}

/** A source's field name as it may stand in an error: whole where it is usual, cut where it isn't. */
export function shortName(name: string): string {
  const text = name.toWellFormed();
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function numberOrText(text: string): JsonValue {
  const decimal = toDecimal(text);
  return (decimal === null ? null : toExactNumber(decimal)) ?? text;
}
