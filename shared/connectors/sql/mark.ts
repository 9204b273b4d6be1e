/**
 * A cursor of a database: the value that was reached, as the database wrote it, and by how much the database's clock was
 * ahead of ours at least when the read began. `2026-11-20T12:00:00.123456 (clock +12 ms)`.
 */
export interface Mark {
  readonly value: string;
  /** Milliseconds; undefined where a clock says nothing of the value. */
  readonly clockAhead: number | undefined;
}

const pattern = /^(.*) \(clock ([+-]\d{1,15}) ms\)$/s;

export function toMark(cursor: string): Mark {
  const match = pattern.exec(cursor);
  if (match === null) return { value: cursor, clockAhead: undefined };
  return { value: match[1] ?? '', clockAhead: Number(match[2]) };
}

export function fromMark({ value, clockAhead }: Mark): string {
  return clockAhead === undefined ? value : `${value} (clock ${clockAhead < 0 ? '' : '+'}${clockAhead} ms)`;
}
