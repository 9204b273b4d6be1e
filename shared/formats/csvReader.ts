import { AdpError } from '../errors.ts';
import { setOwn } from '../model/json.ts';
import { checkHeader, sniffDelimiter } from './csvHeader.ts';
import { CsvScanner } from './csvScanner.ts';
import { damaged } from './damage.ts';
import { defaultMaxFieldLength, type FormatRow, maxRawLength, type ReadOptions } from './format.ts';
import { limitExceeded } from './limits.ts';

const maxHeaderLength = 1024 * 1024;

/** What the header shows, or the options say. */
export interface CsvHeader {
  readonly delimiter: string;
  readonly quote: string;
  readonly columns: readonly string[];
}

export interface CsvReaderOptions extends Pick<ReadOptions, 'delimiter' | 'quote' | 'maxFieldLength'> {
  /** Called once, before the first row is given. */
  readonly onHeader?: (header: CsvHeader) => void;
}

/** Takes the text in pieces of any size and gives the rows that became complete. Throws what `csv` says. */
export class CsvReader {
  readonly #quote: string;
  readonly #maxField: number;
  readonly #onHeader: CsvReaderOptions['onHeader'];
  #delimiter: string | undefined;
  #names: readonly string[] | undefined;
  /** Text that was not read yet, and how long it must be before it is worth another look. */
  #rest = '';
  #enough = 0;
  /** The line at which `#rest` begins, counted from 1. */
  #line = 1;
  /** Whether `#rest` begins within a line that was given up. */
  #isSkipping = false;

  /** @throws AdpError CONFIG_ERROR for a delimiter or quote that can't be one */
  constructor(options: CsvReaderOptions = {}) {
    this.#onHeader = options.onHeader;
    this.#quote = options.quote ?? '"';
    this.#delimiter = options.delimiter;
    this.#maxField = options.maxFieldLength ?? defaultMaxFieldLength;
    for (const character of [this.#delimiter ?? ',', this.#quote]) {
      if (character.length !== 1 || '\r\n\0'.includes(character)) {
        throw new AdpError('CONFIG_ERROR', 'A CSV delimiter or quote must be one character, and no line end.');
      }
    }
    if (this.#delimiter === this.#quote) {
      throw new AdpError('CONFIG_ERROR', 'The CSV delimiter and quote must be different characters.');
    }
  }

  push(text: string): FormatRow[] {
    this.#rest += text;
    // A record that needs many pieces is looked at each time the text has doubled, not with each piece.
    return this.#rest.length < this.#enough ? [] : this.#read(false);
  }

  end(): FormatRow[] {
    const rows = this.#read(true);
    if (!this.#names) {
      throw damaged('The CSV has no header row.');
    }
    return rows;
  }

  #read(isLast: boolean): FormatRow[] {
    const text = this.#rest;
    const rows: FormatRow[] = [];
    let at = this.#isSkipping ? this.#skipLine(text, isLast) : 0;
    if (!this.#names) {
      at = this.#readHeader(text, isLast);
    }
    if (this.#names && !this.#isSkipping) {
      at = this.#readRows(text, at, isLast, this.#names, rows);
    }
    this.#rest = text.slice(at);
    this.#enough = 2 * this.#rest.length;
    return rows;
  }

  /** Where the first row begins, or how far there is nothing but blank lines while the header is not whole. */
  #readHeader(text: string, isLast: boolean): number {
    const blank = (isLast ? /^[\r\n]*/ : /^(?:\r?\n|\r(?=.))*/s).exec(text)?.[0] ?? '';
    const at = blank.length;
    this.#line += countLines(blank);
    const delimiter = this.#delimiter ?? sniffDelimiter(text, at, this.#quote, isLast);
    const scanner = new CsvScanner(text, isLast, {
      delimiter: delimiter ?? ',',
      quote: this.#quote,
      maxFieldLength: maxHeaderLength,
      maxRecordLength: maxHeaderLength,
    });
    const outcome = at === text.length || delimiter === undefined ? 'more' : scanner.scan(at);
    if (outcome === 'more' ? text.length - at > maxHeaderLength : scanner.end - at > maxHeaderLength + 2) {
      throw limitExceeded('characters of a header', maxHeaderLength);
    }
    if (outcome === 'fault') {
      throw damaged(`The header (line ${this.#line}) can't be read. ${scanner.fault}`);
    }
    if (outcome === 'more') {
      return at;
    }
    checkHeader(scanner.fields, this.#line);
    this.#names = scanner.fields;
    this.#delimiter = delimiter;
    this.#onHeader?.({ delimiter: delimiter ?? ',', quote: this.#quote, columns: scanner.fields });
    this.#line += scanner.isMultiline ? countLines(text.slice(at, scanner.end)) : 1;
    return scanner.end;
  }

  /** Where the first record begins that is not whole yet. */
  #readRows(text: string, start: number, isLast: boolean, names: readonly string[], rows: FormatRow[]): number {
    const scanner = new CsvScanner(text, isLast, {
      delimiter: this.#delimiter ?? ',',
      quote: this.#quote,
      maxFieldLength: this.#maxField,
      maxRecordLength: names.length * (this.#maxField + 1),
    });
    const hasNul = text.includes('\0');
    let at = start;
    while (at < text.length && !this.#isSkipping) {
      const outcome = scanner.scan(at);
      if (outcome === 'more') {
        break;
      }
      const { fields, end } = scanner;
      const isBlank = outcome === 'record' && fields.length === 1 && fields[0] === '' && text[at] !== this.#quote;
      const error = outcome === 'fault' ? scanner.fault : faultOf(fields, names, hasNul);
      if (error === undefined) {
        if (!isBlank) {
          rows.push({ row: this.#line, values: toValues(names, fields) });
        }
      } else if (!isBlank) {
        rows.push({ row: this.#line, error, raw: rawOf(text, at, end) });
      }
      if (outcome === 'fault') {
        this.#isSkipping = scanner.isCutOff;
        this.#line += scanner.isCutOff ? 0 : 1;
      } else {
        this.#line += scanner.isMultiline ? countLines(text.slice(at, end)) : 1;
      }
      at = end;
    }
    return at;
  }

  /** Where the line that was given up has ended, if it has. */
  #skipLine(text: string, isLast: boolean): number {
    const lineEnd = /\r?\n|\r(?=.)/s.exec(text);
    if (lineEnd) {
      this.#isSkipping = false;
      this.#line += 1;
      return lineEnd.index + lineEnd[0].length;
    }
    return !isLast && text.endsWith('\r') ? text.length - 1 : text.length;
  }
}

function faultOf(fields: readonly string[], names: readonly string[], hasNul: boolean): string | undefined {
  if (fields.length !== names.length) {
    return `The row has ${fields.length} fields, the header has ${names.length}.`;
  }
  return hasNul && fields.some((field) => field.includes('\0')) ? 'The row has a NUL character.' : undefined;
}

function toValues(names: readonly string[], fields: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index += 1) {
    setOwn<unknown>(values, names[index] ?? '', fields[index]);
  }
  return values;
}

function rawOf(text: string, start: number, end: number): string {
  return text.slice(start, Math.min(end, start + maxRawLength)).replace(/[\r\n]+$/, '');
}

/** Line ends: CRLF, LF and CR each count as one. */
function countLines(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
