import { AdpError } from '../errors.ts';
import { defaultMaxDepth, type FormatRow, type ReadOptions } from './format.ts';
import { type ColumnData, type ParquetGroup, ParquetGroups } from './parquetGroups.ts';
import { ByteHash } from './parquetHashes.ts';
import type { ParquetColumn } from './parquetSchema.ts';
import { wordsPerRow } from './parquetWords.ts';
import type { RandomAccess } from './randomAccess.ts';
import type { CutRows, RowTexts, TextEnd } from './rowTexts.ts';

/** A row group, and its values once one of its rows must be read. */
interface HeldGroup {
  readonly group: ParquetGroup;
  data: readonly ColumnData[] | undefined;
}

/**
 * The rows of a Parquet file, told apart without being put together: the text of a row is made of its columns' values,
 * 64 bits for each, column by column. Numbers are what they are, and what is longer is hashed as it stands in its page:
 * of a row that is known nothing is decoded.
 *
 * A row group with rows that are not known is read again, and held as by the format's reader.
 */
export class ParquetTexts implements RowTexts {
  readonly context: string;
  readonly #file: ParquetGroups;
  /** In the order of their names: columns that have moved are no change. */
  readonly #columns: readonly ParquetColumn[];
  readonly #rowWords: number;
  #hash = new ByteHash('');
  #held: HeldGroup[] = [];
  /** The rows of the cut begin with this one, counted from 0. */
  #row = 0;
  #cutRows = 0;

  private constructor(file: ParquetGroups) {
    this.#file = file;
    this.#columns = file.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#rowWords = wordsPerRow(this.#columns.length);
    this.context = this.#columns.map(({ description }) => description).join();
  }

  /** @throws what `parquet` says */
  static async open(source: RandomAccess, options: ReadOptions): Promise<ParquetTexts> {
    const file = await ParquetGroups.open(source, options.maxDepth ?? defaultMaxDepth);
    options.onSniffed?.({ format: 'parquet', columns: file.columns.map(({ name }) => name) });
    return new ParquetTexts(file);
  }

  begin(seed: string): void {
    this.#hash = new ByteHash(seed);
  }

  /** The texts of all rows, one after another. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    for (const group of this.#file.groups()) {
      this.#held.push({ group, data: undefined });
      const words = await this.#file.words(group, this.#columns, this.#hash);
      yield new Uint8Array(words.buffer);
    }
  }

  cut(text: Buffer, from: number, _end: TextEnd, spans: Uint32Array): CutRows {
    const bytes = 4 * this.#rowWords;
    const rows = Math.min(spans.length / 2, Math.floor((text.length - from) / bytes));
    for (let row = 0; row < rows; row += 1) {
      spans[2 * row] = from + row * bytes;
      spans[2 * row + 1] = from + (row + 1) * bytes;
    }
    this.#cutRows = rows;
    return { read: [], rows, end: from + rows * bytes };
  }

  async read(row: number): Promise<FormatRow> {
    const place = this.#row + row;
    const held = this.#held.find(({ group }) => place < group.end);
    if (held === undefined) throw new AdpError('INTERNAL', 'A row of a Parquet file is asked for that was passed by.');
    held.data ??= await this.#file.read(held.group, this.#columns);
    return this.#file.toRow(this.#columns, held.data, place - held.group.start, place + 1);
  }

  done(): void {
    this.#row += this.#cutRows;
    this.#cutRows = 0;
    this.#held = this.#held.filter(({ group }) => group.end > this.#row);
  }

  end(): readonly FormatRow[] {
    return [];
  }
}
