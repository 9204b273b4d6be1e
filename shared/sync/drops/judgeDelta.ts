import { AdpError } from '../../errors.ts';
import type { Sniffed } from '../../formats/format.ts';
import { missingColumn } from '../../mapping/neededColumns.ts';
import { type Ingested, type Ingestion, type InputRow, ingest } from '../ingest.ts';
import { tooManyRejects } from '../tooManyRejects.ts';
import type { DropSource } from './dropSource.ts';
import type { Refusal } from './refusal.ts';

/**
 * Reads a file to its end and decides whether its rows may be taken, without sending any: a file is taken whole or not at
 * all. It is the pipeline itself that judges, so that the second reading, which sends, finds the same.
 */
export async function judgeDelta(
  pages: AsyncIterable<readonly InputRow[]>,
  ingestion: Ingestion,
  { maxRejectRatio }: DropSource,
): Promise<{ readonly counts: Ingested['counts']; readonly refusal?: Refusal }> {
  const { counts, errors } = await ingest(pages, ingestion, {
    deliver: async () => 0,
    quarantine: async () => undefined,
  });
  const why = tooManyRejects(counts, maxRejectRatio);
  if (why === undefined) return { counts };
  const error = new AdpError('DATA_ERROR', `${why}: nothing of the file was applied.`, { disposition: 'park' });
  return { counts, refusal: { error, rows: errors } };
}

/**
 * Header drift: a column that the mapping reads and the file lacks parks the file, before any row is read.
 * @throws AdpError `MAPPING_ERROR` (park) that names the column and what the file has
 */
export function checkColumns({ columns }: Sniffed, { needed }: DropSource): void {
  const missing = columns && missingColumn(needed, columns);
  if (columns === undefined || missing === undefined) return;
  const named = missing.map((column) => `"${column}"`).join(' or ');
  const has = columns.slice(0, 50).map((column) => `"${column}"`);
  const more = columns.length > 50 ? `, and ${columns.length - 50} more` : '';
  throw new AdpError(
    'MAPPING_ERROR',
    `The mapping reads the column ${named}, which the file does not have. It has ${has.join(', ')}${more}. Nothing of it was applied.`,
    { disposition: 'park' },
  );
}

/** What a run says of how a file was read. */
export function describeSniffed({ format, encoding, delimiter, quote, sheet, path }: Sniffed): string {
  const facts = [
    encoding,
    delimiter === undefined ? undefined : `delimiter ${delimiter === '\t' ? 'tab' : `"${delimiter}"`}`,
    quote === undefined || quote === '"' ? undefined : `quote ${quote}`,
    sheet === undefined ? undefined : `sheet "${sheet}"`,
    path === undefined || path === '' ? undefined : `rows at ${path}`,
  ].filter((fact) => fact !== undefined);
  return `Read as ${[format, ...facts].join(', ')}.`;
}
