import { StringDecoder } from 'node:string_decoder';
import { damaged } from './damage.ts';
import type { FormatRow, ReadOptions } from './format.ts';
import type { CutRows, RowTexts, TextEnd } from './rowTexts.ts';
import { XmlReader } from './xmlReader.ts';
import { constructEnd, elementEnd, isSpace, localName, openBracket, startsElement } from './xmlSpans.ts';

/**
 * The elements that are rows, told apart by their tags alone. The reader is given everything but the rows that are
 * passed by; of these it has seen the very same text, in the same namespaces, before. So it finds all that is wrong with
 * the document, and it is it that says where a row may begin.
 */
export class XmlTexts implements RowTexts {
  context = '';
  readonly #reader: XmlReader;
  #spans: Uint32Array = new Uint32Array(0);
  #rows = 0;
  /** The row of the cut that the reader would read next. */
  #next = 0;
  /** Up to where the text of the cut was read or passed by. */
  #at = 0;
  /** What is given to the reader may end within a character where it is not a whole tag. */
  readonly #decoder = new StringDecoder();
  /** A row is longer than there is room for: from here on the reader reads all. */
  #isReadWhole = false;

  constructor(options: ReadOptions = {}) {
    this.#reader = new XmlReader(options);
  }

  cut(text: Buffer, from: number, end: TextEnd, spans: Uint32Array): CutRows {
    this.#spans = spans;
    this.#rows = 0;
    this.#next = 0;
    this.#at = from;
    const read = this.#isReadWhole ? [] : this.#cutRows(text, end);
    const rows = this.#rows;
    if (rows > 0) return { read, rows, end: spans[2 * rows - 1] ?? from };
    if (this.#isReadWhole || (this.#at === from && read.length === 0 && end !== 'more')) {
      this.#isReadWhole ||= end === 'full';
      read.push(...this.#give(text, text.length));
    }
    return { read, rows, end: this.#at };
  }

  read(row: number, text: Buffer): FormatRow {
    const [start = 0, end = 0] = this.#spans.subarray(2 * row, 2 * row + 2);
    this.#pass(row, start);
    const [read, more] = this.#give(text, end);
    if (read === undefined || more !== undefined || !this.#reader.isBetweenRows) {
      throw damaged(`The XML is broken at ${this.#reader.place}: its elements do not end where they should.`);
    }
    this.#next = row + 1;
    return read;
  }

  done(): void {
    this.#pass(this.#rows, this.#spans[2 * this.#rows - 1] ?? this.#at);
  }

  end(): readonly FormatRow[] {
    return this.#reader.end();
  }

  /** Rows with nothing but blanks between them. What is before the first one is given to the reader. */
  #cutRows(text: Buffer, end: TextEnd): FormatRow[] {
    const read: FormatRow[] = [];
    let at = this.#at;
    while (2 * this.#rows < this.#spans.length) {
      let start = at;
      while (start < text.length && isSpace(text[start] ?? 0)) start += 1;
      if (start === text.length) break;
      if (this.#rows === 0 && text[start] === openBracket && startsElement(text, start)) {
        // The reader must know all that is before, for it knows whether a row can begin here.
        read.push(...this.#give(text, start));
      }
      const isRow = this.#isRowAt(text, start, end);
      if (isRow === undefined) break;
      const stop = isRow ? elementEnd(text, start) : constructEnd(text, start);
      if (stop < 0) break;
      if (isRow) {
        this.#spans[2 * this.#rows] = start;
        this.#spans[2 * this.#rows + 1] = stop;
        this.#rows += 1;
      } else if (this.#rows > 0) {
        break;
      } else {
        read.push(...this.#give(text, stop));
        if (!this.#reader.isBetweenRows) throw damaged(`The XML is broken at ${this.#reader.place}.`);
      }
      at = stop;
    }
    if (this.#rows > 0) this.context = this.#reader.namespaces;
    return read;
  }

  /** Undefined: the tag's name may go on. */
  #isRowAt(text: Buffer, start: number, end: TextEnd): boolean | undefined {
    if (text[start] !== openBracket || !startsElement(text, start)) {
      return start + 1 < text.length || end === 'last' ? false : undefined;
    }
    const name = localName(text, start);
    return name === undefined ? undefined : this.#reader.isRow(name);
  }

  #give(text: Buffer, end: number): FormatRow[] {
    const rows = this.#reader.push(this.#decoder.write(text.subarray(this.#at, end)));
    this.#at = end;
    return rows;
  }

  /** Leaves out rows up to the one before `row`, which end before `end`. */
  #pass(row: number, end: number): void {
    this.#reader.pass(row - this.#next);
    this.#next = row;
    this.#at = end;
  }
}
