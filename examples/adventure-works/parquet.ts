import { parquetWriteBuffer } from 'hyparquet-writer';
import { type CellRow, columnsOf } from './cells.ts';

/** Parquet, compressed by Snappy, with the types that the cells have; an empty cell is null. */
export function toParquet(rows: readonly CellRow[]): Uint8Array {
  const columnData = columnsOf(rows).map((name) => ({ name, data: rows.map((row) => row[name] ?? null) }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
