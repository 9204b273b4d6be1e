import { damaged } from './damage.ts';
import { defaultMaxDepth } from './format.ts';
import { limitExceeded } from './limits.ts';

/** More are no table that anyone could map. */
const maxFields = 65_536;

/**
 * Checks that the lists in a message's metadata (a FlatBuffer by Message.fbs and Schema.fbs) are within it: the library
 * makes room for as many entries as a list says it has.
 *
 * @throws AdpError DATA_ERROR where one isn't; the error of `limitExceeded` for too many or too deep fields
 */
export function checkArrowMetadata(metadata: Uint8Array): void {
  const reader = new FlatReader(metadata);
  const message = reader.root();
  const header = reader.table(message, 2);
  reader.list(message, 4, 4);
  if (header === undefined) {
    throw corrupt();
  }
  const headerType = reader.byte(message, 1);
  if (headerType === 1) {
    reader.list(header, 2, 4);
    const fields = reader.tables(header, 1);
    checkFields(reader, fields, { left: maxFields }, defaultMaxDepth);
  } else if (headerType === 2) {
    const batch = reader.table(header, 1);
    if (batch === undefined) {
      throw corrupt();
    }
    checkBatch(reader, batch);
  } else if (headerType === 3) {
    checkBatch(reader, header);
  }
}

function checkFields(reader: FlatReader, fields: readonly number[], budget: { left: number }, depth: number): void {
  budget.left -= fields.length;
  if (budget.left < 0) {
    throw limitExceeded('fields of an Arrow schema', maxFields);
  }
  if (depth === 0) {
    throw limitExceeded('levels of an Arrow schema', defaultMaxDepth);
  }
  for (const field of fields) {
    reader.list(field, 6, 4);
    const type = reader.table(field, 3);
    // Of the types only a union has a list, of the numbers of its members.
    if (type !== undefined && reader.byte(field, 2) === 14) {
      reader.list(type, 1, 4);
    }
    checkFields(reader, reader.tables(field, 5), budget, depth - 1);
  }
}

/** Nodes and buffers are pairs of 64-bit numbers. */
function checkBatch(reader: FlatReader, batch: number): void {
  reader.list(batch, 1, 16);
  reader.list(batch, 2, 16);
  reader.list(batch, 4, 8);
}

/** Reads FlatBuffers as far as it is needed here; every place is checked. */
class FlatReader {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): number {
    return this.#uint32(0);
  }

  /** The number of a table's field; 0 where it has none. */
  byte(table: number, field: number): number {
    const at = this.#field(table, field);
    this.#check(at ?? 0, 1);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  table(table: number, field: number): number | undefined {
    const at = this.#field(table, field);
    return at === undefined ? undefined : at + this.#uint32(at);
  }

  /** Where the entries of a list are, and how many. */
  list(table: number, field: number, entryBytes: number): { start: number; length: number } {
    const at = this.table(table, field);
    if (at === undefined) {
      return { start: 0, length: 0 };
    }
    const length = this.#uint32(at);
    this.#check(at + 4, length * entryBytes);
    return { start: at + 4, length };
  }

  tables(table: number, field: number): number[] {
    const { start, length } = this.list(table, field, 4);
    return Array.from({ length }, (_, index) => start + 4 * index + this.#uint32(start + 4 * index));
  }

  #field(table: number, field: number): number | undefined {
    this.#check(table, 4);
    const layout = table - this.#view.getInt32(table, true);
    this.#check(layout, 2);
    const at = 4 + 2 * field;
    if (at + 2 > this.#view.getUint16(layout, true)) {
      return undefined;
    }
    this.#check(layout + at, 2);
    const offset = this.#view.getUint16(layout + at, true);
    return offset === 0 ? undefined : table + offset;
  }

  #uint32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, true);
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.#view.byteLength) {
      throw corrupt();
    }
  }
}

function corrupt(): Error {
  return damaged('The Arrow data are corrupt: a message says what it does not have.');
}
