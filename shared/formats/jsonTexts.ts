import { damaged } from './damage.ts';
import type { FormatRow, ReadOptions } from './format.ts';
import { JsonReader } from './jsonReader.ts';
import { skipSpace, valueEnd } from './jsonSpans.ts';
import type { CutRows, RowTexts, TextEnd } from './rowTexts.ts';

const comma = 0x2c;

export interface JsonRows {
  readonly texts: JsonTexts;
  /** What `texts` cuts: all that is behind the bracket with which the array of rows begins. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * The elements of an array, told apart by brackets and quotes alone. The reader is given what is around the array, and
 * each row that is to be read; what stands between two rows can be but a comma. From where there is anything else, such
 * as the array's end, the reader reads all that follows: it says what is wrong with the document.
 */
export class JsonTexts implements RowTexts {
  readonly context = '';
  readonly #reader: JsonReader;
  #spans: Uint32Array = new Uint32Array(0);
  /** Rows before those of the cut, and with them. */
  #before = 0;
  #rows = 0;
  /** Behind the bracket, or a comma; else behind a row. */
  #isRowNext = true;
  #isReadWhole = false;

  private constructor(reader: JsonReader) {
    this.#reader = reader;
  }

  /**
   * Reads up to the array of rows; `onSniffed` is the caller's to tell by `onPath`.
   * @param utf8 in pieces of any size, whose memory may be used again
   * @throws what the format's reader does where there is no such array
   */
  static async open(
    utf8: AsyncIterable<Buffer>,
    options: Omit<ReadOptions, 'onSniffed'> & { readonly onPath?: (path: string) => void } = {},
  ): Promise<JsonRows> {
    const reader = new JsonReader(options);
    const pieces = utf8[Symbol.asyncIterator]();
    const first = await untilRows(reader, pieces);
    async function* bytes() {
      yield first.subarray(1);
      yield* { [Symbol.asyncIterator]: () => pieces };
    }
    return { texts: new JsonTexts(reader), bytes: bytes() };
  }

  cut(text: Buffer, from: number, end: TextEnd, spans: Uint32Array): CutRows {
    this.#spans = spans;
    if (this.#isReadWhole) return { read: this.#reader.push(text.subarray(from)), rows: 0, end: text.length };
    const most = spans.length / 2;
    let rows = 0;
    let at = skipSpace(text, from);
    let isNone = false;
    while (rows < most && at < text.length) {
      if (this.#isRowNext) {
        const stop = valueEnd(text, at);
        isNone = stop === at;
        if (stop <= at) break;
        spans[2 * rows] = at;
        spans[2 * rows + 1] = stop;
        rows += 1;
        at = skipSpace(text, stop);
      } else {
        isNone = text[at] !== comma;
        if (isNone) break;
        at = skipSpace(text, at + 1);
      }
      this.#isRowNext = !this.#isRowNext;
    }
    this.#before = this.#rows;
    this.#rows += rows;
    // A row that is cut off has all the room that there is only where it begins the text.
    const isLong = at < text.length && (end === 'last' || (end === 'full' && from === 0 && at === 0));
    return rows === 0 && (isNone || isLong) ? this.#readWhole(text, at) : { read: [], rows, end: at };
  }

  read(row: number, text: Buffer): FormatRow {
    const [start = 0, end = 0] = this.#spans.subarray(2 * row, 2 * row + 2);
    return this.#reader.readOne(text, start, end, this.#before + row + 1);
  }

  done(): void {
    // Rows that are passed by leave nothing behind.
  }

  end(): readonly FormatRow[] {
    // There was no bracket that ends the array: the reader says so.
    if (!this.#isReadWhole) this.#readWhole(Buffer.alloc(0), 0);
    return this.#reader.end();
  }

  /** From here on the reader reads all. */
  #readWhole(text: Buffer, at: number): CutRows {
    this.#isReadWhole = true;
    this.#reader.resume(this.#rows);
    const start = this.#rows === 0 ? '[' : this.#isRowNext ? ',' : '';
    const read = this.#reader.push(Buffer.concat([Buffer.from(start), text.subarray(at)]));
    return { read, rows: 0, end: text.length };
  }
}

/** What there is of the text, from the bracket on with which the rows begin. */
async function untilRows(reader: JsonReader, pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      const rows = done ? reader.find(Buffer.alloc(0), true) : reader.find(value);
      if (rows !== undefined) return rows;
      if (done) {
        // It throws: there are no rows.
        reader.end();
        throw damaged('The JSON has no array of rows.');
      }
    }
  } catch (error) {
    await pieces.return?.();
    throw error;
  }
}
