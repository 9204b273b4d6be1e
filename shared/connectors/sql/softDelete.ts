import type { SoftDelete } from './settings.ts';

/** Not set, as flags of any type say it: a CHAR is filled up with blanks, a DECIMAL with zeros. */
const unset = /^\s*(|-?0+(\.0+)?|f|false|n|no)\s*$/i;

/** Whether a row says that it is deleted; see the JSON Schema of `soft_delete`. */
export function deletedBy({ column, values }: SoftDelete): (row: Readonly<Record<string, unknown>>) => boolean {
  const textOf = (row: Readonly<Record<string, unknown>>) => String(row[column] ?? '');
  if (values === undefined) return (row) => !unset.test(textOf(row));
  const said = new Set(values.map(plain));
  return (row) => row[column] !== null && said.has(plain(textOf(row)));
}

/** As databases compare: without the blanks behind it, and a bit is true or 1. */
function plain(text: string): string {
  const trimmed = text.trimEnd();
  if (trimmed === 'true') return '1';
  return trimmed === 'false' ? '0' : trimmed;
}
