import { type FileMetaData, parquetMetadataAsync, parquetScan, type RowGroup } from 'hyparquet';
import { AdpError } from '../errors.ts';
import { setOwn } from '../model/json.ts';
import { textOfBytes } from './bytesText.ts';
import { damaged } from './damage.ts';
import { defaultMaxDepth, type FormatRow, pageRows, type ReadOptions } from './format.ts';
import { limitExceeded } from './limits.ts';
import { compressors } from './parquetCompressors.ts';
import { ParquetFile } from './parquetFile.ts';
import { type ParquetColumn, parquetColumns, rawSchema } from './parquetSchema.ts';
import type { RandomAccess } from './randomAccess.ts';

const maxMetadataBytes = 64 * 1024 * 1024;
const maxGroupValues = 64 * 1024 * 1024;
const maxGroupBytes = 512 * 1024 * 1024;

/** The pages of rows. Throws what `parquet` says. */
export async function* readParquet(source: RandomAccess, options: ReadOptions): AsyncGenerator<FormatRow[]> {
  const file = new ParquetFile(source);
  // The library's errors are plain ones; those of the source are not ours to change.
  const explain = (error: unknown) =>
    error instanceof AdpError || file.isOwnError(error)
      ? error
      : damaged(`The Parquet file is corrupt: ${error instanceof Error ? error.message : error}.`, error);
  const maxDepth = options.maxDepth ?? defaultMaxDepth;
  const { metadata, columns } = await readMetadata(file, source, maxDepth).catch((error: unknown) => {
    throw explain(error);
  });
  options.onSniffed?.({ format: 'parquet', columns: columns.map(({ name }) => name) });
  try {
    yield* readGroups(file, metadata, columns);
  } catch (error) {
    throw explain(error);
  }
}

async function readMetadata(file: ParquetFile, source: RandomAccess, maxDepth: number) {
  await checkEnds(file, source);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  return { metadata, columns: parquetColumns(metadata, maxDepth) };
}

async function* readGroups(
  file: ParquetFile,
  metadata: FileMetaData,
  columns: readonly ParquetColumn[],
): AsyncGenerator<FormatRow[]> {
  const rawMetadata = { ...metadata, schema: rawSchema(metadata.schema) };
  let row = 0;
  for (const group of metadata.row_groups) {
    checkGroup(group);
    const rowEnd = row + Number(group.num_rows);
    const data = await readGroup(file, rawMetadata, columns, group, row, rowEnd);
    for (let start = row; start < rowEnd; start += pageRows) {
      const end = Math.min(start + pageRows, rowEnd);
      yield toRows(columns, data, start - row, end - row, start + 1);
    }
    row = rowEnd;
  }
  if (row !== Number(metadata.num_rows)) {
    throw damaged(`The Parquet file says it has ${metadata.num_rows} rows, and has ${row}.`);
  }
}

/** The format's magic is at both ends, and before the last one the length of what describes the file. */
async function checkEnds(file: ParquetFile, source: RandomAccess): Promise<void> {
  const tail = Buffer.from(source.size < 12 ? new ArrayBuffer(0) : await file.slice(source.size - 8));
  const magic = tail.toString('latin1', 4);
  if (magic === 'PARE') {
    throw damaged('The Parquet file is encrypted; it is taken in the open only.');
  }
  if (magic !== 'PAR1') {
    throw damaged('The Parquet file ends too early: its footer is missing.');
  }
  const length = tail.readUInt32LE(0);
  if (length > maxMetadataBytes) {
    throw limitExceeded("bytes of a Parquet file's footer", maxMetadataBytes);
  }
  if (length > source.size - 12) {
    throw damaged('The Parquet file is corrupt: its footer is longer than the file.');
  }
}

function checkGroup(group: RowGroup): void {
  const chunks = group.columns.map(({ meta_data: metadata }) => metadata);
  const values = chunks.reduce((sum, chunk) => sum + Number(chunk?.num_values ?? 0), 0);
  const bytes = chunks.reduce((sum, chunk) => sum + Number(chunk?.total_uncompressed_size ?? 0), 0);
  if (Math.max(values, Number(group.num_rows)) > maxGroupValues) {
    throw limitExceeded('values of a Parquet row group', maxGroupValues);
  }
  if (bytes > maxGroupBytes) {
    throw limitExceeded('bytes of a Parquet row group', maxGroupBytes);
  }
}

type ColumnData = ArrayLike<unknown>;

async function readGroup(
  file: ParquetFile,
  metadata: FileMetaData,
  columns: readonly ParquetColumn[],
  group: RowGroup,
  rowStart: number,
  rowEnd: number,
): Promise<ColumnData[]> {
  const scan = await parquetScan({
    file,
    metadata,
    compressors,
    useOffsetIndex: false,
    // Byte arrays without a meaning stay bytes; what has one is told apart by `rawSchema`.
    utf8: false,
    parsers: { stringFromBytes: (bytes) => bytes && textOfBytes(bytes), timestampFromNanoseconds: (count) => count },
  });
  const data: ColumnData[] = [];
  for (const { name } of columns) {
    await file.holdColumn(group, name, maxGroupBytes);
    const values = rowStart === rowEnd ? [] : await scan.readColumn({ column: name, rowStart, rowEnd });
    if (values.length !== rowEnd - rowStart) {
      throw damaged(`The Parquet file is corrupt: column ${JSON.stringify(name)} has not as many values as rows.`);
    }
    data.push(values);
  }
  return data;
}

function toRows(
  columns: readonly ParquetColumn[],
  data: readonly ColumnData[],
  start: number,
  end: number,
  firstRow: number,
): FormatRow[] {
  const rows: FormatRow[] = [];
  for (let index = start; index < end; index += 1) {
    const values: Record<string, unknown> = {};
    for (const [at, { name, toValue }] of columns.entries()) {
      setOwn<unknown>(values, name, toValue(data[at]?.[index]));
    }
    rows.push({ row: firstRow + index - start, values });
  }
  return rows;
}
