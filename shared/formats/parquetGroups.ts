import { type FileMetaData, type ParquetScan, parquetMetadataAsync, parquetScan, type RowGroup } from 'hyparquet';
import { AdpError } from '../errors.ts';
import { setOwn } from '../model/json.ts';
import { textOfBytes } from './bytesText.ts';
import { damaged } from './damage.ts';
import type { FormatRow } from './format.ts';
import { limitExceeded } from './limits.ts';
import { compressors } from './parquetCompressors.ts';
import { ParquetFile } from './parquetFile.ts';
import type { ByteHash } from './parquetHashes.ts';
import { writePages } from './parquetPages.ts';
import { type ParquetColumn, parquetColumns, rawSchema } from './parquetSchema.ts';
import { wordsPerRow, writeWords } from './parquetWords.ts';
import type { RandomAccess } from './randomAccess.ts';

const maxMetadataBytes = 64 * 1024 * 1024;
const maxGroupValues = 64 * 1024 * 1024;
const maxGroupBytes = 512 * 1024 * 1024;

/** The values of a column, as the library reads them. */
export type ColumnData = ArrayLike<unknown>;

/** Rows from `start` to before `end`, counted from 0. */
export interface ParquetGroup {
  readonly start: number;
  readonly end: number;
  readonly group: RowGroup;
}

/** A Parquet file by its row groups. Throws what `parquet` says. */
export class ParquetGroups {
  readonly columns: readonly ParquetColumn[];
  readonly #file: ParquetFile;
  readonly #metadata: FileMetaData;
  #scan: ParquetScan | undefined;

  private constructor(file: ParquetFile, metadata: FileMetaData, columns: readonly ParquetColumn[]) {
    this.#file = file;
    this.#metadata = metadata;
    this.columns = columns;
  }

  static async open(source: RandomAccess, maxDepth: number): Promise<ParquetGroups> {
    const file = new ParquetFile(source);
    try {
      await checkEnds(file, source);
      const metadata = await parquetMetadataAsync(file, { geoparquet: false });
      return new ParquetGroups(file, metadata, parquetColumns(metadata, maxDepth));
    } catch (error) {
      throw explained(error, file);
    }
  }

  /** Groups in their order. */
  *groups(): Generator<ParquetGroup> {
    let start = 0;
    for (const group of this.#metadata.row_groups) {
      checkGroup(group);
      const end = start + Number(group.num_rows);
      yield { start, end, group };
      start = end;
    }
    if (start !== Number(this.#metadata.num_rows)) {
      throw damaged(`The Parquet file says it has ${this.#metadata.num_rows} rows, and has ${start}.`);
    }
  }

  /** The values of a group, held whole, in the order of the columns. */
  async read(group: ParquetGroup, columns: readonly ParquetColumn[]): Promise<readonly ColumnData[]> {
    const data: ColumnData[] = [];
    for (const column of columns) data.push(await this.#explained(() => this.#readColumn(group, column)));
    return data;
  }

  /** Words for each row of a group, as many as `wordsPerRow` says: equal rows have equal ones. */
  async words(group: ParquetGroup, columns: readonly ParquetColumn[], hash: ByteHash): Promise<Uint32Array> {
    const rows = group.end - group.start;
    const rowWords = wordsPerRow(columns.length);
    const words = new Uint32Array(rows * rowWords);
    for (const [place, column] of columns.entries()) {
      const to = { words, rowWords, place, columns: columns.length };
      await this.#explained(async () => {
        const [held, another] = await this.#file.holdColumn(group.group, column.name, maxGroupBytes);
        const isWritten =
          column.flat && held && !another && writePages(held.bytes, held.metadata, column.flat, rows, to, hash);
        if (!isWritten) writeWords(column, await this.#readColumn(group, column), to, hash);
      });
    }
    return words;
  }

  /** One row of a group's values. */
  toRow(columns: readonly ParquetColumn[], data: readonly ColumnData[], index: number, row: number): FormatRow {
    const values: Record<string, unknown> = {};
    for (const [at, { name, toValue }] of columns.entries()) setOwn<unknown>(values, name, toValue(data[at]?.[index]));
    return { row, values };
  }

  async #readColumn({ group, start, end }: ParquetGroup, { name }: ParquetColumn): Promise<ColumnData> {
    await this.#file.holdColumn(group, name, maxGroupBytes);
    this.#scan ??= await parquetScan({
      file: this.#file,
      metadata: { ...this.#metadata, schema: rawSchema(this.#metadata.schema) },
      compressors,
      useOffsetIndex: false,
      // Byte arrays without a meaning stay bytes; what has one is told apart by `rawSchema`.
      utf8: false,
      parsers: { stringFromBytes: (bytes) => bytes && textOfBytes(bytes), timestampFromNanoseconds: (count) => count },
    });
    const values = start === end ? [] : await this.#scan.readColumn({ column: name, rowStart: start, rowEnd: end });
    if (values.length !== end - start) {
      throw damaged(`The Parquet file is corrupt: column ${JSON.stringify(name)} has not as many values as rows.`);
    }
    return values;
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explained(error, this.#file);
    }
  }
}

/** The library's errors are plain ones; those of the source are not ours to change. */
function explained(error: unknown, file: ParquetFile): unknown {
  return error instanceof AdpError || file.isOwnError(error)
    ? error
    : damaged(`The Parquet file is corrupt: ${error instanceof Error ? error.message : error}.`, error);
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
