import { AdpError } from '../errors.ts';
import { shapeOf } from '../model/shape.ts';
import { defaultMaxDepth, defaultMaxFieldLength, type FormatRow, maxRawLength, type ReadOptions } from './format.ts';
import { isJsonObject } from './jsonObject.ts';
import { parseJson } from './jsonText.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** A character has up to four bytes. */
const maxRawBytes = 4 * maxRawLength;

/** What a line that is no object stands for; undefined: for a row that can't be read. */
export type ReadOther = (value: unknown, row: number) => FormatRow | undefined;

/** Takes UTF-8 in pieces of any size and gives the rows that became complete. It never throws on what it reads. */
export class NdjsonReader {
  readonly #maxDepth: number;
  readonly #maxLine: number;
  /** Bytes of a line that are kept: enough to know that it is too long, and to show its first characters. */
  readonly #maxKept: number;
  readonly #readOther: ReadOther | undefined;
  /** The line that is read next, counted from 1. */
  line = 1;
  /** Parts of a line whose end has not come yet, and their bytes in all; of a line too long only the start is kept. */
  #parts: Buffer[] = [];
  #length = 0;

  constructor(options: ReadOptions = {}, readOther?: ReadOther) {
    this.#readOther = readOther;
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#maxLine = options.maxFieldLength ?? defaultMaxFieldLength;
    // One byte more than a line may have can be the CR of a CRLF.
    this.#maxKept = Math.max(this.#maxLine + 1, maxRawBytes);
  }

  push(utf8: Buffer): FormatRow[] {
    const rows: FormatRow[] = [];
    let start = 0;
    for (let end = utf8.indexOf(lineFeed); end >= 0; end = utf8.indexOf(lineFeed, start)) {
      if (this.#length > 0) {
        this.#keep(utf8.subarray(start, end));
        this.#finishKept(rows);
      } else {
        this.#readLine(utf8, start, end, rows);
      }
      this.line += 1;
      start = end + 1;
    }
    this.#keep(utf8.subarray(start));
    return rows;
  }

  /** A line that is not blank, without its end, from between those that are pushed. */
  readOne(utf8: Buffer, line: number): FormatRow {
    this.line = line;
    return utf8.length > this.#maxLine ? this.#tooLong(utf8, 0, utf8.length) : this.#parse(utf8, 0, utf8.length);
  }

  end(): FormatRow[] {
    const rows: FormatRow[] = [];
    this.#finishKept(rows);
    return rows;
  }

  #keep(part: Buffer): void {
    if (this.#length < this.#maxKept && part.length > 0) {
      // A copy: the caller's memory is used again.
      this.#parts.push(Buffer.from(part.subarray(0, this.#maxKept)));
    }
    this.#length += part.length;
  }

  #finishKept(rows: FormatRow[]): void {
    const line = Buffer.concat(this.#parts);
    const isCut = this.#length > this.#maxKept;
    this.#parts = [];
    this.#length = 0;
    this.#readLine(line, 0, line.length, rows, isCut);
  }

  #readLine(utf8: Buffer, start: number, end: number, rows: FormatRow[], isCut = false): void {
    const trimmedEnd = utf8[end - 1] === carriageReturn && end > start ? end - 1 : end;
    if (isCut || trimmedEnd - start > this.#maxLine) {
      rows.push(this.#tooLong(utf8, start, trimmedEnd));
    } else if (!isBlank(utf8, start, trimmedEnd)) {
      rows.push(this.#parse(utf8, start, trimmedEnd));
    }
  }

  #parse(utf8: Buffer, start: number, end: number): FormatRow {
    try {
      const values = parseJson(utf8, start, end, this.#maxDepth);
      if (isJsonObject(values)) return { row: this.line, values };
      const other = this.#readOther?.(values, this.line);
      return other ?? this.#failed(utf8, start, end, `A row must be an object; this is ${shapeOf(values)}.`);
    } catch (error) {
      if (error instanceof AdpError) {
        return this.#failed(utf8, start, end, error.message);
      }
      throw error;
    }
  }

  #tooLong(utf8: Buffer, start: number, end: number): FormatRow {
    return this.#failed(utf8, start, end, `The line is longer than ${this.#maxLine} bytes.`);
  }

  #failed(utf8: Buffer, start: number, end: number, error: string): FormatRow {
    const raw = utf8.toString('utf8', start, Math.min(end, start + maxRawBytes)).slice(0, maxRawLength);
    return { row: this.line, error, raw };
  }
}

export function isBlank(utf8: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = utf8[at];
    if (byte !== 0x20 && byte !== 0x09) {
      return false;
    }
  }
  return true;
}
