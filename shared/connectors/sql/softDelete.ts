import type { SoftDelete } from './settings.ts';

/** Whether a row says that it is deleted; see the JSON Schema of `soft_delete`. */
export function deletedBy({ column, values }: SoftDelete): (row: Readonly<Record<string, unknown>>) => boolean {
  if (values === undefined) return (row) => ![null, undefined, false, 0, '', '0'].some((none) => none === row[column]);
  const said = new Set(values);
  return (row) => row[column] !== null && said.has(String(row[column]));
}
