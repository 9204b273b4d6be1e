import { defaultMaxDepth, type FormatRow, pageRows, type ReadOptions } from './format.ts';
import { ParquetGroups } from './parquetGroups.ts';
import type { RandomAccess } from './randomAccess.ts';

/** The pages of rows. Throws what `parquet` says. */
export async function* readParquet(source: RandomAccess, options: ReadOptions): AsyncGenerator<FormatRow[]> {
  const file = await ParquetGroups.open(source, options.maxDepth ?? defaultMaxDepth);
  const { columns } = file;
  options.onSniffed?.({ format: 'parquet', columns: columns.map(({ name }) => name) });
  for (const group of file.groups()) {
    const { start, end } = group;
    const data = await file.read(group, columns);
    for (let from = start; from < end; from += pageRows) {
      const rows = Math.min(pageRows, end - from);
      yield Array.from({ length: rows }, (_, row) => file.toRow(columns, data, from - start + row, from + row + 1));
    }
  }
}
