import Papa from 'papaparse';
import { AdpError } from '../../shared/errors.ts';
import { type Batch, comfortableBody, largestBody } from './batch.ts';
import { BatchBuilder } from './batchBuilder.ts';

const delimiters = [',', ';', '\t', '|'];

/**
 * Rows of CSV in batches, the header in front of each; empty lines are left out. Rows keep their text to the letter, so
 * that the hub sees what the file says: papaparse only tells where each ends, a line break within quotes included.
 *
 * @throws AdpError DATA_ERROR for a row that no request can hold: mostly a quote that is never closed
 */
export async function* splitCsv(
  texts: AsyncIterable<string>,
  rowsPerBatch: number,
  bytesPerBatch: number = comfortableBody,
): AsyncGenerator<Batch> {
  let builder: BatchBuilder | undefined;
  let dialect: Dialect | undefined;
  let rest = '';
  let line = 1;

  function* take(text: string, whole: boolean): Generator<Batch> {
    dialect ??= sniffDialect(text, whole);
    if (dialect === undefined) {
      rest = text;
      return;
    }
    let from = 0;
    for (const to of rowEnds(text, dialect, whole)) {
      const row = text.slice(from, to);
      from = to;
      if (row.trim() !== '') {
        if (builder === undefined) {
          builder = new BatchBuilder(withNewline(row, dialect), rowsPerBatch, bytesPerBatch);
        } else {
          const full = builder.add(withNewline(row, dialect), line);
          if (full !== undefined) yield full;
        }
      }
      line += countNewlines(row, dialect);
    }
    rest = text.slice(from);
    if (rest.length > largestBody) {
      throw new AdpError('DATA_ERROR', `the row that begins in line ${line} has no end: is a quote never closed?`);
    }
  }

  for await (const text of texts) yield* take(rest + text, false);
  if (rest !== '') yield* take(rest, true);
  const last = builder?.finish();
  if (last !== undefined) yield last;
}

interface Dialect {
  readonly delimiter: string;
  readonly newline: '\n' | '\r\n' | '\r';
}

/** By the first line, as the hub does: the delimiter that it holds most often. Undefined while it is not there yet. */
function sniffDialect(text: string, whole: boolean): Dialect | undefined {
  const end = text.search(/[\r\n]/);
  // A carriage return at the very end may be half of a line end.
  if (!whole && (end < 0 || end === text.length - 1)) return undefined;
  const header = end < 0 ? text : text.slice(0, end);
  const unquoted = header.replace(/"[^"]*"/g, '');
  let delimiter = ',';
  let most = 0;
  for (const candidate of delimiters) {
    const count = unquoted.split(candidate).length - 1;
    if (count > most) {
      delimiter = candidate;
      most = count;
    }
  }
  const newline = text.startsWith('\r\n', end) ? '\r\n' : text[end] === '\r' ? '\r' : '\n';
  return { delimiter, newline };
}

/** Where each complete row of the text ends, its line end included. */
function rowEnds(text: string, { delimiter, newline }: Dialect, whole: boolean): number[] {
  const ends: number[] = [];
  const parser = new Papa.Parser({ delimiter, newline, step: ({ meta }) => ends.push(meta.cursor) });
  parser.parse(text, 0, !whole);
  return ends;
}

function withNewline(row: string, { newline }: Dialect): string {
  return row.endsWith(newline) ? row : row + newline;
}

function countNewlines(row: string, { newline }: Dialect): number {
  let count = 0;
  for (let at = row.indexOf(newline); at >= 0; at = row.indexOf(newline, at + newline.length)) count++;
  return count;
}
