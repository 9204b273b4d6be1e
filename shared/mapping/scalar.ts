import { canonicalTime, toInstant } from '../model/instant.ts';
import { NumberLiteral } from '../model/literal.ts';

/** Longer text is refused: no field of a DMS needs it, and a record must fit into Cosmos DB's 2 MB. */
export const maxTextLength = 1_048_576;

/** True for what a source sends where it has nothing: no field, null, empty text. */
export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

/**
 * A single value as text, without loss: a JSON number by its literal, a JS number by its shortest form, a date as in
 * contract.md "Times". Null for what isn't a single value, or has no text (NaN, an invalid date).
 */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof NumberLiteral) return value.text;
  if (value instanceof Date) return isUsable(value) ? canonicalTime(toInstant(value)) : null;
  return null;
}

/** Why a text can't be held, or null. Lone surrogates have no UTF-8 and no place in RFC 8785. */
export function textFault(text: string): string | null {
  if (text.length > maxTextLength) return `must not be longer than ${maxTextLength} characters`;
  return text.isWellFormed() ? null : 'must be well-formed Unicode, has a lone surrogate';
}

/** True for a valid Date in the years 0001 to 9999. */
export function isUsable(date: Date): boolean {
  return date.getTime() >= -62_135_596_800_000 && date.getTime() <= 253_402_300_799_999;
}
