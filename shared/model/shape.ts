import { NumberLiteral } from './literal.ts';

/** Says what kind of value came, without the value: `text of 7 characters`, `an array of 3`. For error details. */
export function shapeOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (value === '') return 'empty text';
  if (typeof value === 'string')
    return value.length === 1 ? 'text of 1 character' : `text of ${value.length} characters`;
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number that is not finite';
  if (typeof value === 'bigint' || value instanceof NumberLiteral) return 'a number';
  if (typeof value === 'boolean') return 'a boolean';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date) return 'a date';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return 'an object';
}
