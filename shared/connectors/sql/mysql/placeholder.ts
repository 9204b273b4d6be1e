/** A character that no statement holds: question marks stand in the queries of admins, within their texts. */
const mark = '\u001f';

/** Stands for a value. @param index from 1 */
export function placeholder(index: number): string {
  return `${mark}${index}${mark}`;
}

/** The statement with its values in their places, each of them a literal that `toLiteral` made. */
export function withValues(sql: string, values: readonly string[], toLiteral: (value: string) => string): string {
  const parts = sql.split(mark);
  return parts.map((part, index) => (index % 2 === 0 ? part : toLiteral(valueAt(part, values)))).join('');
}

function valueAt(index: string, values: readonly string[]): string {
  const value = values[Number(index) - 1];
  if (value === undefined) throw new RangeError(`A statement has no value ${index}.`);
  return value;
}
