import { AdpError } from '../errors.ts';
import { shapeOf } from '../model/shape.ts';
import {
  defaultMaxDepth,
  defaultMaxFieldLength,
  defineFormat,
  type FormatRow,
  maxRawLength,
  type ReadOptions,
} from './format.ts';
import { isJsonObject, parseJson } from './jsonText.ts';
import { decodeText } from './text.ts';

/**
 * One object a line (ndjson.org); lines end with LF or CRLF, blank ones are skipped. A line that can't be read, is too
 * deep or too long is a row with its error. Data cut off between two lines look complete: only who sent them can know.
 */
export const ndjson = defineFormat({
  name: 'ndjson',
  mediaTypes: ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'],
  extensions: ['ndjson', 'jsonl'],
  async *read(bytes, options = {}) {
    const lines = new NdjsonReader(options);
    for await (const text of decodeText(bytes)) {
      yield lines.push(text);
    }
    yield lines.end();
  },
});

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Takes the text in pieces of any size and gives the rows that became complete. */
export class NdjsonReader {
  readonly #maxDepth: number;
  readonly #maxLine: number;
  #line = 1;
  /** Parts of a line whose end has not come yet, and their bytes in all; of a line too long only the start is kept. */
  #parts: Buffer[] = [];
  #length = 0;

  constructor(options: ReadOptions = {}) {
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#maxLine = options.maxFieldLength ?? defaultMaxFieldLength;
  }

  push(text: string): FormatRow[] {
    const rows: FormatRow[] = [];
    const utf8 = Buffer.from(text);
    let start = 0;
    for (let end = utf8.indexOf(lineFeed); end >= 0; end = utf8.indexOf(lineFeed, start)) {
      if (this.#length > 0) {
        this.#keep(utf8.subarray(start, end));
        this.#finishKept(rows);
      } else {
        this.#readLine(utf8, start, end, rows);
      }
      this.#line += 1;
      start = end + 1;
    }
    this.#keep(utf8.subarray(start));
    return rows;
  }

  end(): FormatRow[] {
    const rows: FormatRow[] = [];
    this.#finishKept(rows);
    return rows;
  }

  #keep(part: Buffer): void {
    if (this.#length <= this.#maxLine && part.length > 0) {
      this.#parts.push(part.subarray(0, this.#maxLine + 1));
    }
    this.#length += part.length;
  }

  #finishKept(rows: FormatRow[]): void {
    const line = Buffer.concat(this.#parts);
    // One more than allowed may still be the CR of a CRLF; in that case nothing was cut.
    const isCut = this.#length > this.#maxLine + 1;
    this.#parts = [];
    this.#length = 0;
    this.#readLine(line, 0, line.length, rows, isCut);
  }

  #readLine(utf8: Buffer, start: number, end: number, rows: FormatRow[], isCut = false): void {
    const trimmedEnd = utf8[end - 1] === carriageReturn && end > start ? end - 1 : end;
    if (isCut || trimmedEnd - start > this.#maxLine) {
      rows.push(this.#failed(utf8, start, end, `The line is longer than ${this.#maxLine} bytes.`));
    } else if (!isBlank(utf8, start, trimmedEnd)) {
      rows.push(this.#parse(utf8, start, trimmedEnd));
    }
  }

  #parse(utf8: Buffer, start: number, end: number): FormatRow {
    try {
      const values = parseJson(utf8, start, end, this.#maxDepth);
      return isJsonObject(values)
        ? { row: this.#line, values }
        : this.#failed(utf8, start, end, `A row must be an object; this is ${shapeOf(values)}.`);
    } catch (error) {
      if (error instanceof AdpError) {
        return this.#failed(utf8, start, end, error.message);
      }
      throw error;
    }
  }

  #failed(utf8: Buffer, start: number, end: number, error: string): FormatRow {
    // A character has up to four bytes.
    const raw = utf8.toString('utf8', start, Math.min(end, start + 4 * maxRawLength)).slice(0, maxRawLength);
    return { row: this.#line, error, raw };
  }
}

function isBlank(utf8: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = utf8[at];
    if (byte !== 0x20 && byte !== 0x09) {
      return false;
    }
  }
  return true;
}
