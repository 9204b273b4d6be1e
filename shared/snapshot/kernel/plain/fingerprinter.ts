import type { Columns, Hash64 } from '../kernel.ts';
import { murmur128, xxh64 } from './hashes.ts';
import type { Row, RowCutter } from './rowCutter.ts';
import type { KeyHash } from './slotTable.ts';

export interface Fingerprint {
  /** Undefined: the key can't be read. */
  readonly key: { readonly hash: KeyHash; readonly record: Buffer } | undefined;
  /** Of good rows. */
  rowHash: Hash64;
}

const none: Hash64 = { low: 0, high: 0 };

/** Hashes rows as wasm/fingerprints.as does. Bytes are handled as Latin-1 text, one character each. */
export class Fingerprinter {
  keySeed: Hash64 = none;
  rowSeed: Hash64 = none;
  columns: Columns = { count: 0, key: [], hashed: [], delimiter: 0, quote: 0 };
  readonly #cutter: RowCutter;

  constructor(cutter: RowCutter) {
    this.#cutter = cutter;
  }

  /** Also notes the faults of the row that only its fields show. */
  fingerprint(row: Row): Fingerprint {
    const fields = this.#fieldsOf(row);
    if (row.fault === 'none' && row.fieldCount !== this.columns.count) row.fault = 'ragged';
    if (row.fault === 'none' && this.#cutter.bytes.subarray(row.start, row.end).includes(0)) row.fault = 'nul';
    const rowHash = row.fault === 'none' ? this.#hashRow(row, fields) : none;
    // A key with a NUL is no key: which one was meant can't be told.
    if (this.columns.key.some((column) => column >= row.fieldCount || fields[column]?.includes('\0') === true)) {
      return { key: undefined, rowHash };
    }
    const record = keyRecord(this.columns.key.map((column) => fields[column] ?? ''));
    const body = varintLength(record);
    return { key: { hash: murmur128(record, body, record.length, this.keySeed), record }, rowHash };
  }

  /** Of a row that was cut by others; an empty one is not known. */
  hashText(start: number, end: number): Hash64 {
    return start === end ? none : known(xxh64(this.#cutter.bytes, start, end, this.rowSeed));
  }

  #fieldsOf(row: Row): string[] {
    const { bytes, delimiter, quote } = this.#cutter;
    if (!row.fields) {
      return bytes.toString('latin1', row.start, row.end).split(String.fromCharCode(delimiter));
    }
    const mark = String.fromCharCode(quote);
    return row.fields.map(({ start, end, isEscaped }) => {
      const text = bytes.toString('latin1', start, end);
      return isEscaped ? text.replaceAll(mark + mark, mark) : text;
    });
  }

  #hashRow(row: Row, fields: readonly string[]): Hash64 {
    const { bytes } = this.#cutter;
    const hash =
      row.fields === undefined && this.#isAsWritten()
        ? xxh64(bytes, row.start, row.end, this.rowSeed)
        : this.#hashBytes(Buffer.from(this.#rewrite(fields), 'latin1'));
    return known(hash);
  }

  #hashBytes(bytes: Buffer): Hash64 {
    return xxh64(bytes, 0, bytes.length, this.rowSeed);
  }

  /** Whether a row without quotes is hashed as it is. */
  #isAsWritten(): boolean {
    const { hashed, delimiter, quote } = this.columns;
    const isSameDialect = delimiter === this.#cutter.delimiter && quote === this.#cutter.quote;
    return isSameDialect && hashed.every((column, place) => column === place);
  }

  /** The row in the hashed order and dialect, with the fewest quotes. */
  #rewrite(fields: readonly string[]): string {
    const delimiter = String.fromCharCode(this.columns.delimiter);
    const quote = String.fromCharCode(this.columns.quote);
    const written = this.columns.hashed.map((column) => {
      const value = fields[column] ?? '';
      const mustQuote = value.startsWith(quote) || [delimiter, '\n', '\r'].some((cut) => value.includes(cut));
      return mustQuote ? quote + value.replaceAll(quote, quote + quote) + quote : value;
    });
    return written.join(delimiter);
  }
}

/** Zero and one say something else in a slot. */
function known(hash: Hash64): Hash64 {
  return hash.high === 0 && hash.low < 2 ? { low: hash.low + 2, high: 0 } : hash;
}

function keyRecord(values: readonly string[]): Buffer {
  const parts = values.map((value, index) => {
    const bytes = Buffer.from(value, 'latin1');
    return index + 1 < values.length ? Buffer.concat([varint(bytes.length), bytes]) : bytes;
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function varintLength(record: Buffer): number {
  let length = 1;
  while ((record[length - 1] ?? 0) >= 128) length += 1;
  return length;
}
