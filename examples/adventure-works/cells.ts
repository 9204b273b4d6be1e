/** What a cell of a typed table holds: Parquet and workbooks know more than text. */
export type Cell = string | number | Date | undefined;

/** A row whose columns are its names; every row of a table has the same ones. */
export type CellRow = Readonly<Record<string, Cell>>;

/** The columns of a table, as its first row has them. */
export function columnsOf(rows: readonly CellRow[]): string[] {
  return Object.keys(rows[0] ?? {});
}
