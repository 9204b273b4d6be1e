import type { ColumnMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { compressors } from './parquetCompressors.ts';
import type { ByteHash } from './parquetHashes.ts';
import type { RowWords } from './parquetWords.ts';

/** What stands for each of some values: two words each. */
type ValueWords = Uint32Array;

interface DataPage {
  readonly count: number;
  readonly encoding: string;
  /** A byte a row, 0 for null; undefined where there can be none. */
  readonly levels: Uint8Array | undefined;
  /** The values that are not null. */
  readonly values: Uint8Array;
}

/**
 * Puts what stands for each value of a column that is not nested into its row's words, from the bytes of its pages:
 * numbers as they are, all else hashed where it stands. No value is made of them.
 *
 * @returns false where it is packed in a way that only the library unpacks, or not as it should be; then what was
 * written must be written again
 */
export function writePages(
  bytes: ArrayBuffer,
  { codec }: ColumnMetaData,
  element: SchemaElement,
  rows: number,
  to: RowWords,
  hash: ByteHash,
): boolean {
  const reader = { view: new DataView(bytes), offset: 0 };
  let dictionary: ValueWords | undefined;
  let row = 0;
  while (row < rows && reader.offset < bytes.byteLength - 1) {
    const header = parquetHeader(reader);
    const packed = new Uint8Array(bytes, reader.offset, header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    if (header.dictionary_page_header) {
      const page = decompressPage(packed, header.uncompressed_page_size, codec, compressors);
      dictionary = plainWords(page, header.dictionary_page_header.num_values, element, hash);
      if (!dictionary) return false;
      continue;
    }
    const page = dataPage(packed, header, codec, element.repetition_type !== 'REQUIRED');
    if (!page || row + page.count > rows) return false;
    const present = page.levels ? countOnes(page.levels) : page.count;
    if (page.encoding === 'PLAIN') {
      const words = plainWords(page.values, present, element, hash);
      if (!words) return false;
      place(words, undefined, page, row, to);
    } else if (dictionary && (page.encoding === 'PLAIN_DICTIONARY' || page.encoding === 'RLE_DICTIONARY')) {
      const indexes = indexesOf(page.values, present);
      if (!areWithin(indexes, dictionary.length / 2)) return false;
      place(dictionary, indexes, page, row, to);
    } else {
      return false;
    }
    row += page.count;
  }
  return row === rows;
}

/** Undefined for a page of another kind, or levels in an encoding that is long out of use. */
function dataPage(
  packed: Uint8Array,
  header: PageHeader,
  codec: ColumnMetaData['codec'],
  isNullable: boolean,
): DataPage | undefined {
  const { data_page_header: first, data_page_header_v2: second, uncompressed_page_size: size } = header;
  if (first) {
    if (isNullable && first.definition_level_encoding !== 'RLE') return undefined;
    const page = decompressPage(packed, size, codec, compressors);
    const reader = { view: viewOf(page), offset: 0 };
    const levels = isNullable ? new Uint8Array(first.num_values) : undefined;
    if (levels) readRleBitPackedHybrid(reader, 1, levels);
    return { count: first.num_values, encoding: first.encoding, levels, values: page.subarray(reader.offset) };
  }
  if (second?.repetition_levels_byte_length !== 0) return undefined;
  const levelBytes = second.definition_levels_byte_length;
  const levels = isNullable ? new Uint8Array(second.num_values) : undefined;
  if (levels) readRleBitPackedHybrid({ view: viewOf(packed), offset: 0 }, 1, levels, levelBytes);
  const rest = packed.subarray(levelBytes);
  const values = second.is_compressed === false ? rest : decompressPage(rest, size - levelBytes, codec, compressors);
  return { count: second.num_values, encoding: second.encoding, levels, values };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function countOnes(levels: Uint8Array): number {
  let ones = 0;
  for (const level of levels) ones += level;
  return ones;
}

function indexesOf(values: Uint8Array, count: number): Uint32Array {
  const indexes = new Uint32Array(count);
  const width = values[0] ?? 0;
  if (width > 0 && count > 0) {
    readRleBitPackedHybrid({ view: viewOf(values), offset: 1 }, width, indexes, values.length - 1);
  }
  return indexes;
}

function areWithin(indexes: Uint32Array, limit: number): boolean {
  for (const index of indexes) if (index >= limit) return false;
  return true;
}

/** Undefined where there are fewer than `count` values, or these are packed in bits. */
function plainWords(bytes: Uint8Array, count: number, element: SchemaElement, hash: ByteHash): ValueWords | undefined {
  switch (element.type) {
    case 'INT32':
    case 'FLOAT':
      return numberWords(bytes, count, 4);
    case 'INT64':
    case 'DOUBLE':
      return numberWords(bytes, count, 8);
    case 'INT96':
      return fixedWords(bytes, count, 12, hash);
    case 'FIXED_LEN_BYTE_ARRAY':
      return fixedWords(bytes, count, element.type_length ?? 0, hash);
    case 'BYTE_ARRAY':
      return textWords(bytes, count, hash);
    default:
      return undefined;
  }
}

function numberWords(bytes: Uint8Array, count: number, size: 4 | 8): ValueWords | undefined {
  if (bytes.length < count * size) return undefined;
  // A copy, so that words are where words must be.
  const words = new Uint32Array((count * size) / 4);
  new Uint8Array(words.buffer).set(bytes.subarray(0, count * size));
  if (size === 8) return words;
  const wide = new Uint32Array(2 * count);
  for (let value = 0; value < count; value += 1) wide[2 * value] = words[value] ?? 0;
  return wide;
}

function fixedWords(bytes: Uint8Array, count: number, size: number, hash: ByteHash): ValueWords | undefined {
  if (size === 0 || bytes.length < count * size) return undefined;
  const words = new Uint32Array(2 * count);
  for (let value = 0; value < count; value += 1) {
    hash.take(bytes, value * size, (value + 1) * size);
    words[2 * value] = hash.low;
    words[2 * value + 1] = hash.high;
  }
  return words;
}

/** Each with its length before it. */
function textWords(bytes: Uint8Array, count: number, hash: ByteHash): ValueWords | undefined {
  const view = viewOf(bytes);
  const words = new Uint32Array(2 * count);
  let at = 0;
  for (let value = 0; value < count; value += 1) {
    if (at + 4 > bytes.length) return undefined;
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) return undefined;
    hash.take(bytes, start, at);
    words[2 * value] = hash.low;
    words[2 * value + 1] = hash.high;
  }
  return words;
}

/** Spreads the values over their rows. `indexes`: which of the values each is, where these are a dictionary. */
function place(
  values: ValueWords,
  indexes: Uint32Array | undefined,
  { count, levels }: DataPage,
  firstRow: number,
  { words, rowWords, place, columns }: RowWords,
): void {
  const nullBit = 1 << (place & 31);
  const nullWord = 2 * columns + (place >> 5);
  let at = firstRow * rowWords;
  let next = 0;
  for (let row = 0; row < count; row += 1, at += rowWords) {
    if (levels !== undefined && levels[row] === 0) {
      words[at + nullWord] = (words[at + nullWord] ?? 0) | nullBit;
      continue;
    }
    const from = 2 * (indexes === undefined ? next : (indexes[next] ?? 0));
    words[at + 2 * place] = values[from] ?? 0;
    words[at + 2 * place + 1] = values[from + 1] ?? 0;
    next += 1;
  }
}
