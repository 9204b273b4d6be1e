import { AdpError } from '../errors.ts';
import { checkHeader, sniffDelimiter } from '../formats/csvHeader.ts';
import { CsvScanner } from '../formats/csvScanner.ts';
import { damaged } from '../formats/damage.ts';
import { limitExceeded } from '../formats/limits.ts';

const maxHeaderLength = 1024 * 1024;

/** A CSV file's header row. */
export interface FileHeader {
  readonly names: readonly string[];
  readonly delimiter: string;
  /** UTF-8 bytes from the start of the text until after the header's line end. */
  readonly bytes: number;
}

export interface Dialect {
  /** Absent: what the header shows. */
  readonly delimiter?: string | undefined;
  readonly quote: string;
}

/** @throws AdpError CONFIG_ERROR for a delimiter or quote that is no ASCII character of its own */
export function checkDialect({ delimiter = ',', quote }: Dialect): void {
  if (![delimiter, quote].every((character) => /^[^\r\n\0\u0080-\uffff]$/.test(character))) {
    throw new AdpError('CONFIG_ERROR', 'The CSV delimiter and quote of a snapshot must be one ASCII character each.');
  }
  if (delimiter === quote) {
    throw new AdpError('CONFIG_ERROR', 'The CSV delimiter and quote must be different characters.');
  }
}

/**
 * The header by the rules of CsvReader. Undefined: `text` ends before it does, or is nothing but blank lines; `isLast`:
 * nothing comes after `text`.
 * @throws AdpError DATA_ERROR (`park`) for a header that can't be read, or with an empty or repeated name
 */
export function readFileHeader(text: string, isLast: boolean, dialect: Dialect): FileHeader | undefined {
  const blank = (isLast ? /^[\r\n]*/ : /^(?:\r?\n|\r(?=.))*/s).exec(text)?.[0] ?? '';
  const start = blank.length;
  const delimiter = dialect.delimiter ?? sniffDelimiter(text, start, dialect.quote, isLast);
  if (start === text.length || delimiter === undefined) {
    return checkLength(text.length - start);
  }
  const scanner = new CsvScanner(text, isLast, {
    delimiter,
    quote: dialect.quote,
    maxFieldLength: maxHeaderLength,
    maxRecordLength: maxHeaderLength,
  });
  const outcome = scanner.scan(start);
  if (outcome === 'more') {
    return checkLength(text.length - start);
  }
  const line = 1 + (blank.match(/\r\n|\n|\r/g)?.length ?? 0);
  if (outcome === 'fault') {
    throw damaged(`The header (line ${line}) can't be read. ${scanner.fault}`);
  }
  checkHeader(scanner.fields, line);
  return { names: scanner.fields, delimiter, bytes: Buffer.byteLength(text.slice(0, scanner.end)) };
}

function checkLength(length: number): undefined {
  if (length > maxHeaderLength) {
    throw limitExceeded('characters of a header', maxHeaderLength);
  }
}
