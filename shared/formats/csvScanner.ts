import { maxRawLength } from './format.ts';

/** The two characters that a CSV text is told apart by, and how long its parts may be (UTF-16 code units as written). */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly maxFieldLength: number;
  readonly maxRecordLength: number;
}

/**
 * - `record`: `fields` holds a record, which ends at `end`
 * - `fault`: `fault` says why no record begins here; the next line begins at `end`
 * - `more`: the text ends before the record, or before the line of a fault, does
 */
export type CsvOutcome = 'record' | 'fault' | 'more';

/**
 * Cuts a piece of CSV text into records (RFC 4180; also LF and CR line ends, even mixed, and spaces between a closing
 * quote and the delimiter). A quote inside a field that does not begin with one is text: dealers write 3/4" unquoted.
 *
 * Where a quoted field is not closed properly, only the line on which its record starts is given up: what follows may
 * be good rows, and a quote left open must not swallow them.
 */
export class CsvScanner {
  fields: string[] = [];
  fault = '';
  end = 0;
  /** Whether the record goes over more than one line. */
  isMultiline = false;
  /** Whether the text ends before the line of a fault does: the line's rest is still to come. */
  isCutOff = false;

  readonly #text: string;
  readonly #isLast: boolean;
  readonly #dialect: CsvDialect;
  readonly #lineFeeds: Finder;
  readonly #carriageReturns: Finder;
  readonly #delimiters: Finder;
  readonly #quotes: Finder;
  #nextLine = 0;

  /** `isLast`: nothing comes after this text. */
  constructor(whole: string, isLast: boolean, dialect: CsvDialect) {
    // An LF may follow a CR: it is no line end before that is known.
    const text = !isLast && whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    this.#text = text;
    this.#isLast = isLast;
    this.#dialect = dialect;
    this.#lineFeeds = new Finder(text, '\n');
    this.#carriageReturns = new Finder(text, '\r');
    this.#delimiters = new Finder(text, dialect.delimiter);
    this.#quotes = new Finder(text, dialect.quote);
  }

  /** Reads the record that begins at `start`, which is before the text's end. */
  scan(start: number): CsvOutcome {
    const lineEnd = this.#lineEnd(start);
    this.isMultiline = false;
    if (this.#quotes.from(start) < lineEnd) {
      return this.#scanQuoted(start);
    }
    if (lineEnd === Infinity) {
      return this.#needMore(start);
    }
    this.end = this.#nextLine;
    if (lineEnd - start > this.#dialect.maxRecordLength) {
      return this.#tooLong(start);
    }
    this.fields = this.#text.slice(start, lineEnd).split(this.#dialect.delimiter);
    return lineEnd - start > this.#dialect.maxFieldLength &&
      this.fields.some((field) => field.length > this.#dialect.maxFieldLength)
      ? this.#tooLong(start)
      : 'record';
  }

  /** A record with a quote somewhere in it, field by field. */
  #scanQuoted(start: number): CsvOutcome {
    const { delimiter, quote, maxFieldLength, maxRecordLength } = this.#dialect;
    const text = this.#text;
    this.fields = [];
    let at = start;
    for (;;) {
      const fieldStart = at;
      let field: string;
      if (text.startsWith(quote, at)) {
        const close = this.#closingQuote(at);
        if (close === undefined) {
          return text.length - at > maxFieldLength ? this.#tooLong(start) : this.#unclosed(start);
        }
        field = close.value;
        at = close.end;
      } else {
        at = Math.min(this.#delimiters.from(at), this.#lineEnd(at), text.length);
        field = text.slice(fieldStart, at);
      }
      if (at - fieldStart > maxFieldLength || at - start > maxRecordLength) {
        return this.#tooLong(start);
      }
      if (at === text.length && !this.#isLast) {
        return this.#needMore(start);
      }
      this.fields.push(field);
      if (text.startsWith(delimiter, at)) {
        at += 1;
      } else if (this.#lineEnd(at) === at) {
        this.end = this.#nextLine;
        return 'record';
      } else {
        return this.#malformed(start, `There is text after the closing quote of field ${this.fields.length}.`);
      }
    }
  }

  /** The quoted field at `open`: its text, and where the spaces after it end. Undefined: it is not closed. */
  #closingQuote(open: number): { value: string; end: number } | undefined {
    const { delimiter, quote } = this.#dialect;
    const text = this.#text;
    let hasPairs = false;
    let close = text.indexOf(quote, open + 1);
    while (close >= 0 && text.startsWith(quote, close + 1)) {
      hasPairs = true;
      close = text.indexOf(quote, close + 2);
    }
    if (close < 0) {
      return undefined;
    }
    const inner = text.slice(open + 1, close);
    this.isMultiline ||= this.#lineEnd(open) < close;
    let end = close + 1;
    while (delimiter !== ' ' && text.startsWith(' ', end)) {
      end += 1;
    }
    return { value: hasPairs ? inner.replaceAll(quote + quote, quote) : inner, end };
  }

  #unclosed(start: number): CsvOutcome {
    return this.#isLast
      ? this.#malformed(start, `The quote that opens field ${this.fields.length + 1} is never closed.`)
      : 'more';
  }

  #tooLong(start: number): CsvOutcome {
    return this.#malformed(start, `A field is longer than ${this.#dialect.maxFieldLength} characters, or the row is.`);
  }

  #malformed(start: number, fault: string): CsvOutcome {
    const lineEnd = this.#lineEnd(start);
    const enough = Math.max(this.#dialect.maxRecordLength, maxRawLength);
    if (lineEnd === Infinity && this.#text.length - start <= enough) {
      return 'more';
    }
    this.fault = fault;
    this.isCutOff = lineEnd === Infinity;
    this.end = this.#nextLine;
    return 'fault';
  }

  #needMore(start: number): CsvOutcome {
    return this.#text.length - start > this.#dialect.maxRecordLength ? this.#tooLong(start) : 'more';
  }

  /** Where the line ends on which `at` is (Infinity: beyond the text); `#nextLine` is where the next one begins. */
  #lineEnd(at: number): number {
    const lineFeed = this.#lineFeeds.from(at);
    const carriageReturn = this.#carriageReturns.from(at);
    const end = Math.min(lineFeed, carriageReturn);
    if (end === Infinity) {
      this.#nextLine = this.#text.length;
      return this.#isLast ? this.#text.length : Infinity;
    }
    this.#nextLine = lineFeed === carriageReturn + 1 ? lineFeed + 1 : end + 1;
    return end;
  }
}

/** Finds a character again and again, from places that mostly rise, and looks at each part of the text once. */
class Finder {
  readonly #text: string;
  readonly #character: string;
  #searchedFrom = 0;
  #found = -1;

  constructor(text: string, character: string) {
    this.#text = text;
    this.#character = character;
  }

  /** The next place of the character, or Infinity. */
  from(at: number): number {
    if (this.#found < at || this.#searchedFrom > at) {
      const found = this.#text.indexOf(this.#character, at);
      this.#found = found < 0 ? Infinity : found;
      this.#searchedFrom = at;
    }
    return this.#found;
  }
}
