import type { RowFault } from '../kernel.ts';

export interface Field {
  readonly start: number;
  readonly end: number;
  readonly isEscaped: boolean;
}

export interface Row {
  readonly start: number;
  readonly end: number;
  /** Undefined: no quote in the row. */
  readonly fields: readonly Field[] | undefined;
  readonly fieldCount: number;
  fault: RowFault;
}

const lf = 10;
const cr = 13;
const space = 32;

/** Cuts buffered bytes into rows, by the rules of formats/csvScanner.ts; as wasm/rows.as. */
export class RowCutter {
  readonly bytes: Buffer;
  length = 0;
  position = 0;
  delimiter = 0;
  quote = 0;
  readonly #maxRowBytes: number;
  #isSkipping = false;
  /** A place in the buffer whose line is known: lines are asked for in their order. */
  #knownAt = 0;
  #knownLine = 1;

  constructor(inputBytes: number, maxRowBytes: number) {
    this.bytes = Buffer.alloc(inputBytes);
    this.#maxRowBytes = maxRowBytes;
  }

  compact(): void {
    this.#knownLine = this.lineOf(this.position);
    this.#knownAt = 0;
    this.bytes.copyWithin(0, this.position, this.length);
    this.length -= this.position;
    this.position = 0;
  }

  /** Drops bytes from the start of a buffer of which no row was cut here. */
  discard(bytes: number): void {
    this.bytes.copyWithin(0, bytes, this.length);
    this.length -= bytes;
  }

  /** The line in which the row begins that starts at `at`, which is not before one that was asked for. */
  lineOf(at: number): number {
    for (; this.#knownAt < at; this.#knownAt += 1) {
      const byte = this.bytes[this.#knownAt];
      const isSecond = byte === lf && this.#knownAt > 0 && this.bytes[this.#knownAt - 1] === cr;
      if (byte === cr || (byte === lf && !isSecond)) this.#knownLine += 1;
    }
    return this.#knownLine;
  }

  /** At most `limit` rows; none when there is no whole row any more. */
  cut(limit: number, isLast: boolean): Row[] {
    const rows: Row[] = [];
    // An LF may follow a CR: it is no line end before that is known.
    const end = !isLast && this.length > 0 && this.bytes[this.length - 1] === cr ? this.length - 1 : this.length;
    while (this.position < end && rows.length < limit) {
      const start = this.position;
      const lineEnd = this.#lineEnd(start, end);
      const hasLine = lineEnd < end || isLast;
      if (this.#isSkipping) {
        this.#isSkipping = !hasLine;
        this.position = this.#afterLineEnd(lineEnd, end);
      } else if (lineEnd === start) {
        this.position = this.#afterLineEnd(lineEnd, end);
      } else {
        const row = this.#cutRow(start, lineEnd, hasLine, end, isLast);
        if (!row) break;
        rows.push(row);
      }
    }
    return rows;
  }

  #cutRow(start: number, lineEnd: number, hasLine: boolean, end: number, isLast: boolean): Row | undefined {
    if (this.#find(this.quote, start, lineEnd) < lineEnd) {
      return this.#cutQuoted(start, end, isLast);
    }
    if (lineEnd - start > this.#maxRowBytes) {
      return this.#giveUp(start, 'tooLong', [], end, isLast);
    }
    if (!hasLine) {
      return undefined;
    }
    let fieldCount = 1;
    for (let at = start; at < lineEnd; at += 1) {
      if (this.bytes[at] === this.delimiter) fieldCount += 1;
    }
    this.position = this.#afterLineEnd(lineEnd, end);
    return { start, end: lineEnd, fields: undefined, fieldCount, fault: 'none' };
  }

  #cutQuoted(start: number, end: number, isLast: boolean): Row | undefined {
    const fields: Field[] = [];
    for (let at = start; ; at += 1) {
      let field: Field;
      if (at < end && this.bytes[at] === this.quote) {
        let close = this.#find(this.quote, at + 1, end);
        let isEscaped = false;
        while (close + 1 < end && this.bytes[close + 1] === this.quote) {
          isEscaped = true;
          close = this.#find(this.quote, close + 2, end);
        }
        if (close >= end) {
          return isLast ? this.#giveUp(start, 'unclosed', fields, end, isLast) : this.#wantMore(start, fields, end);
        }
        field = { start: at + 1, end: close, isEscaped };
        at = close + 1;
        while (this.delimiter !== space && at < end && this.bytes[at] === space) at += 1;
      } else {
        const from = at;
        at = Math.min(this.#find(this.delimiter, at, end), this.#lineEnd(at, end));
        field = { start: from, end: at, isEscaped: false };
      }
      if (at === end && !isLast) return this.#wantMore(start, fields, end);
      if (at - start > this.#maxRowBytes) return this.#giveUp(start, 'tooLong', fields, end, isLast);
      const isEnd = at === end || this.bytes[at] === lf || this.bytes[at] === cr;
      if (!isEnd && this.bytes[at] !== this.delimiter) {
        return this.#giveUp(start, 'textAfterQuote', fields, end, isLast);
      }
      fields.push(field);
      if (isEnd) {
        this.position = this.#afterLineEnd(at, end);
        return { start, end: at, fields, fieldCount: fields.length, fault: 'none' };
      }
    }
  }

  #wantMore(start: number, fields: readonly Field[], end: number): Row | undefined {
    return end - start > this.#maxRowBytes ? this.#giveUp(start, 'tooLong', fields, end, false) : undefined;
  }

  #giveUp(start: number, fault: RowFault, fields: readonly Field[], end: number, isLast: boolean): Row | undefined {
    const lineEnd = this.#lineEnd(start, end);
    if (lineEnd === end && !isLast) {
      if (end - start <= this.#maxRowBytes) return undefined;
      this.#isSkipping = true;
    }
    this.position = this.#afterLineEnd(lineEnd, end);
    return { start, end: lineEnd, fields, fieldCount: fields.length, fault };
  }

  #find(byte: number, from: number, end: number): number {
    let at = from;
    while (at < end && this.bytes[at] !== byte) at += 1;
    return Math.min(at, end);
  }

  #lineEnd(from: number, end: number): number {
    let at = from;
    while (at < end && this.bytes[at] !== lf && this.bytes[at] !== cr) at += 1;
    return at;
  }

  #afterLineEnd(at: number, end: number): number {
    if (at >= end) return end;
    const isPair = this.bytes[at] === cr && at + 1 < this.length && this.bytes[at + 1] === lf;
    return isPair ? at + 2 : at + 1;
  }
}
