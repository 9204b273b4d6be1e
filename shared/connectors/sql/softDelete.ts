import { NumberLiteral } from '../../model/literal.ts';
import type { SoftDelete } from './settings.ts';

/** Not set, as flags of any type say it: a CHAR is filled up with blanks, a DECIMAL with zeros. */
const unset = /^\s*(|-?0+(\.0+)?|f|false|n|no)\s*$/i;

/** Whether a row says that it is deleted; see the JSON Schema of `soft_delete`. */
export function deletedBy({ column, values }: SoftDelete): (row: Readonly<Record<string, unknown>>) => boolean {
  const isSet = (text: string | undefined) => text === undefined || !unset.test(text);
  if (values === undefined) return (row) => isSet(textOf(row[column] ?? ''));
  const said = new Set(values.map(plain));
  const isSaid = (text: string | undefined) => text !== undefined && said.has(plain(text));
  return (row) => row[column] !== null && isSaid(textOf(row[column] ?? ''));
}

/** Undefined for an array or object of a JSON column: its members may keep it from being written as text. */
function textOf(value: unknown): string | undefined {
  if (value instanceof NumberLiteral) return value.text;
  return typeof value === 'object' ? undefined : String(value);
}

/** As databases compare: without the blanks behind it, and a bit is true or 1. */
function plain(text: string): string {
  const trimmed = text.trimEnd();
  if (trimmed === 'true') return '1';
  return trimmed === 'false' ? '0' : trimmed;
}
