import type { AsyncBuffer, ColumnMetaData, RowGroup } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';
import type { RandomAccess } from './randomAccess.ts';

/** A part of a column in a row group: one for each of its leaves. */
export interface HeldRange {
  readonly start: number;
  readonly end: number;
  readonly bytes: ArrayBuffer;
  readonly metadata: ColumnMetaData;
}

/** The file as the library reads it, with the parts of one column held, so that these are checked before it does. */
export class ParquetFile implements AsyncBuffer {
  readonly byteLength: number;
  readonly #source: RandomAccess;
  #held: HeldRange[] = [];
  #error: unknown;

  constructor(source: RandomAccess) {
    this.byteLength = source.size;
    this.#source = source;
  }

  /** True for an error that came from the source. */
  isOwnError(error: unknown): boolean {
    return error !== undefined && error === this.#error;
  }

  async slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const held = this.#held.find((range) => range.start <= start && end <= range.end);
    return held ? held.bytes.slice(start - held.start, end - held.start) : await this.#read(start, end);
  }

  /**
   * Reads the parts of a column in a row group.
   * @throws AdpError DATA_ERROR where its pages have more values than it says, or are no pages; the error of
   * `limitExceeded` where they unpack to more than `maxBytes`
   */
  async holdColumn(group: RowGroup, name: string, maxBytes: number): Promise<readonly HeldRange[]> {
    this.#held = [];
    for (const { meta_data: metadata } of group.columns) {
      if (metadata?.path_in_schema[0] === name) {
        const start = Number(metadata.dictionary_page_offset ?? metadata.data_page_offset);
        const end = start + Number(metadata.total_compressed_size);
        const bytes = await this.#read(start, end);
        checkPages(bytes, metadata, maxBytes);
        this.#held.push({ start, end, bytes, metadata });
      }
    }
    return this.#held;
  }

  async #read(start: number, end: number): Promise<ArrayBuffer> {
    if (!(start >= 0 && start <= end && end <= this.byteLength)) {
      throw damaged('The Parquet file is corrupt: it points beyond its end.');
    }
    try {
      const bytes = await this.#source.read(start, end - start);
      return Uint8Array.from(bytes).buffer;
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }
}

/** A page of a few bytes can say that it has billions of values. */
function checkPages(bytes: ArrayBuffer, metadata: ColumnMetaData, maxBytes: number): void {
  const reader = { view: new DataView(bytes), offset: 0 };
  let values = 0;
  let size = 0;
  while (reader.offset < bytes.byteLength - 1) {
    const header = parquetHeader(reader);
    const count = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
    const entries = header.dictionary_page_header?.num_values ?? 0;
    // An entry of a dictionary may be used by no value, but takes a bit at least.
    const mostEntries = 8 * header.uncompressed_page_size;
    const isPossible = count >= 0 && entries >= 0 && entries <= mostEntries && header.compressed_page_size >= 0;
    values += count;
    size += header.uncompressed_page_size;
    reader.offset += header.compressed_page_size;
    if (!isPossible || reader.offset > bytes.byteLength || values > Number(metadata.num_values)) {
      throw damaged(`The Parquet file is corrupt: the pages of column ${metadata.path_in_schema.join('.')} can't be.`);
    }
    if (size > maxBytes) {
      throw limitExceeded('bytes of a Parquet column in a row group', maxBytes);
    }
  }
}
