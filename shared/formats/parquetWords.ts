import type { ColumnData } from './parquetGroups.ts';
import type { ByteHash } from './parquetHashes.ts';
import type { ParquetColumn } from './parquetSchema.ts';

/** Rows of 32-bit words: two for each column, then a bit for each that is null. */
export interface RowWords {
  readonly words: Uint32Array;
  /** Of one row. */
  readonly rowWords: number;
  /** Which of how many columns is written. */
  readonly place: number;
  readonly columns: number;
}

export function wordsPerRow(columns: number): number {
  return 2 * columns + Math.ceil(columns / 32) + (columns === 0 ? 1 : 0);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const integer = new BigInt64Array(double.buffer);

/**
 * Puts what stands for each value of a column into its row's words: the value itself where 64 bits hold it, else a hash.
 * Equal values have equal words in whatever kind of array the library gives them, which hangs on how they were packed.
 */
export function writeWords(
  column: ParquetColumn,
  values: ColumnData,
  { words, rowWords, place, columns }: RowWords,
  hash: ByteHash,
): void {
  const rows = values.length;
  const bits = bitsOf(values);
  if (bits) {
    for (let row = 0, at = 2 * place; row < rows; row += 1, at += rowWords) {
      words[at] = bits.words[row * bits.each] ?? 0;
      words[at + 1] = bits.each === 2 ? (bits.words[row * 2 + 1] ?? 0) : 0;
    }
    return;
  }
  const nullBit = 1 << (place & 31);
  const nullWord = 2 * columns + (place >> 5);
  for (let row = 0, at = 0; row < rows; row += 1, at += rowWords) {
    const value = values[row];
    let low = 0;
    let high = 0;
    if (value === undefined || value === null) {
      words[at + nullWord] = (words[at + nullWord] ?? 0) | nullBit;
    } else if (typeof value === 'number') {
      if (column.flat?.type === 'INT32') {
        low = value;
      } else if (column.flat?.type === 'FLOAT') {
        single[0] = value;
        low = singleBits[0] ?? 0;
      } else {
        double[0] = value;
        low = halves[0] ?? 0;
        high = halves[1] ?? 0;
      }
    } else if (typeof value === 'boolean') {
      low = value ? 1 : 0;
    } else if (
      typeof value === 'bigint' &&
      (BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value)
    ) {
      integer[0] = BigInt.asIntN(64, value);
      low = halves[0] ?? 0;
      high = halves[1] ?? 0;
    } else {
      const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(column, value));
      hash.take(bytes, 0, bytes.length);
      low = hash.low;
      high = hash.high;
    }
    words[at + 2 * place] = low;
    words[at + 2 * place + 1] = high;
  }
}

/** A text is its own: other ways to pack it give its bytes. */
function textOf({ toValue }: ParquetColumn, value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(toValue(value)) ?? '');
}

/** The numbers of an array that has nothing else, as the words that they are in memory. */
function bitsOf(values: ColumnData): { readonly words: Uint32Array; readonly each: 1 | 2 } | undefined {
  if (values instanceof Int32Array || values instanceof Uint32Array || values instanceof Float32Array) {
    return { words: new Uint32Array(values.buffer, values.byteOffset, values.length), each: 1 };
  }
  if (values instanceof BigInt64Array || values instanceof BigUint64Array || values instanceof Float64Array) {
    return { words: new Uint32Array(values.buffer, values.byteOffset, 2 * values.length), each: 2 };
  }
  return undefined;
}
