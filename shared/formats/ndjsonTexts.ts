import type { FormatRow, ReadOptions } from './format.ts';
import { isBlank, NdjsonReader, type ReadOther } from './ndjsonReader.ts';
import type { CutRows, RowTexts, TextEnd } from './rowTexts.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const openBrace = 0x7b;

/** Lines, told apart without being read. Blank ones are passed over. */
export class NdjsonTexts implements RowTexts {
  readonly context = '';
  readonly #reader: NdjsonReader;
  #spans: Uint32Array = new Uint32Array(0);
  /** The lines on which the rows stand. */
  #lines = new Uint32Array(0);
  #line = 1;
  /** Within a line that is too long to be held: the reader has its beginning. */
  #isLong = false;
  #isOpen = false;

  constructor(options: ReadOptions = {}, readOther?: ReadOther) {
    this.#reader = new NdjsonReader(options, readOther);
  }

  /** Lines that were cut and have an end, blank ones too. */
  get endedLines(): number {
    return this.#line - (this.#isOpen ? 2 : 1);
  }

  /** The last line that was cut has no end. */
  get isOpen(): boolean {
    return this.#isOpen || this.#isLong;
  }

  cut(text: Buffer, from: number, end: TextEnd, spans: Uint32Array): CutRows {
    this.#spans = spans;
    if (this.#lines.length < spans.length / 2) this.#lines = new Uint32Array(spans.length / 2);
    if (this.#isLong) return this.#readLong(text, from);
    const most = spans.length / 2;
    const lines = this.#lines;
    let rows = 0;
    let at = from;
    while (rows < most && at < text.length) {
      const found = text.indexOf(lineFeed, at);
      if (found < 0 && end !== 'last') break;
      const lineEnd = found < 0 ? text.length : found;
      const rowEnd = lineEnd > at && text[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd;
      if (text[at] === openBrace || !isBlank(text, at, rowEnd)) {
        spans[2 * rows] = at;
        spans[2 * rows + 1] = rowEnd;
        lines[rows] = this.#line;
        rows += 1;
      }
      this.#line += 1;
      this.#isOpen = found < 0;
      at = found < 0 ? lineEnd : lineEnd + 1;
    }
    if (rows === 0 && end === 'full' && at === from) {
      this.#isLong = true;
      this.#reader.line = this.#line;
      this.#reader.push(text.subarray(from));
      return { read: [], rows, end: text.length };
    }
    return { read: [], rows, end: at };
  }

  read(row: number, text: Buffer): FormatRow {
    const line = text.subarray(this.#spans[2 * row], this.#spans[2 * row + 1]);
    return this.#reader.readOne(line, this.#lines[row] ?? 0);
  }

  done(): void {
    // Rows that are passed by leave nothing behind.
  }

  end(): readonly FormatRow[] {
    return this.#isLong ? this.#reader.end() : [];
  }

  /** Gives the reader the rest of a line that is too long. */
  #readLong(text: Buffer, from: number): CutRows {
    const found = text.indexOf(lineFeed, from);
    const end = found < 0 ? text.length : found + 1;
    const read = this.#reader.push(text.subarray(from, end));
    if (found >= 0) {
      this.#isLong = false;
      this.#line += 1;
    }
    return { read, rows: 0, end };
  }
}
