import { AdpError } from '../../shared/errors.ts';
import { sniffDelimiter } from '../../shared/formats/csvHeader.ts';
import { CsvScanner } from '../../shared/formats/csvScanner.ts';
import { defaultMaxFieldLength } from '../../shared/formats/format.ts';

/** A row of CSV as it is written, its line end included (but at the end of the file), and where it begins, from 1. */
export interface CsvRow {
  readonly text: string;
  readonly line: number;
}

const quote = '"';

/**
 * Tells where each row of CSV text ends, the header's first, just as the hub itself will see it; empty lines are left
 * out.
 */
export class CsvRows {
  #delimiter: string | undefined;
  #columns: number | undefined;
  /** Text that was not cut yet, and how long it must be before it is worth another look. */
  #rest = '';
  #enough = 0;
  #line = 1;

  /** @throws AdpError DATA_ERROR for a line that has no end */
  push(text: string): CsvRow[] {
    this.#rest += text;
    return this.#rest.length < this.#enough ? [] : this.#cut(false);
  }

  end(): CsvRow[] {
    return this.#cut(true);
  }

  #cut(isLast: boolean): CsvRow[] {
    const text = this.#rest;
    const rows: CsvRow[] = [];
    let at = this.#columns === undefined ? this.#skipBlankLines(text, isLast) : 0;
    this.#delimiter ??= at < text.length ? sniffDelimiter(text, at, quote, isLast) : undefined;
    if (this.#delimiter !== undefined) at = this.#cutRows(text, at, this.#delimiter, isLast, rows);
    this.#rest = text.slice(at);
    // A row that needs many pieces is looked at each time the text has doubled, not with each piece.
    this.#enough = 2 * this.#rest.length;
    return rows;
  }

  #skipBlankLines(text: string, isLast: boolean): number {
    const blank = (isLast ? /^[\r\n]*/ : /^(?:\r?\n|\r(?=.))*/s).exec(text)?.[0] ?? '';
    this.#line += countLineEnds(blank);
    return blank.length;
  }

  /** Adds the rows that are whole; where the first begins that is not. */
  #cutRows(text: string, start: number, delimiter: string, isLast: boolean, rows: CsvRow[]): number {
    const scanner = new CsvScanner(text, isLast, {
      delimiter,
      quote,
      maxFieldLength: defaultMaxFieldLength,
      maxRecordLength: (this.#columns ?? 1) * (defaultMaxFieldLength + 1),
    });
    let at = start;
    while (at < text.length) {
      const outcome = scanner.scan(at);
      if (outcome === 'more') break;
      const { fields, end, isCutOff } = scanner;
      if (outcome === 'fault' && isCutOff) {
        throw new AdpError('DATA_ERROR', `Line ${this.#line} is too long for a row. ${scanner.fault}`);
      }
      this.#columns ??= outcome === 'record' ? fields.length : 1;
      const isBlank = outcome === 'record' && fields.length === 1 && fields[0] === '' && text[at] !== quote;
      const row = text.slice(at, end);
      if (!isBlank) rows.push({ text: row, line: this.#line });
      this.#line += countLineEnds(row);
      at = end;
    }
    return at;
  }
}

/** CRLF, LF and CR each count as one. */
function countLineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
