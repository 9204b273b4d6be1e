import { NumberLiteral, toRawJson } from '../shared/model/literal.ts';

const maxCell = 40;

/** A value of a row as one line of a table's cell. */
export function cellText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(toPlain(value)) ?? '');
  const line = text.replace(/\r\n|[\r\n]/g, '⏎').replace(/\p{Cc}/gu, '·');
  return line.length > maxCell ? `${[...line].slice(0, maxCell - 1).join('')}…` : line;
}

/** The value for JSON.stringify, in which numbers keep how they were written. */
export function toPlain(value: unknown): unknown {
  if (value instanceof NumberLiteral) {
    return toRawJson(value);
  }
  if (Array.isArray(value)) {
    return value.map(toPlain);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toPlain(field)]));
  }
  return value;
}
