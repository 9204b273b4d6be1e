import path from 'node:path';
import { usageError } from '../usageError.ts';

export type PushFormat = 'json' | 'ndjson' | 'csv' | 'xml';

export interface FileKind {
  readonly format: PushFormat;
  readonly gzip: boolean;
}

const formats: Readonly<Record<string, PushFormat>> = {
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
  xml: 'xml',
};

/** Content types of contract, "push a batch". */
export const mediaTypes: Readonly<Record<PushFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  xml: 'application/xml',
};

/**
 * What a file holds, by its extension: `orders.csv.gz` is gzipped CSV.
 *
 * @param type given by hand, where the name says nothing: an extension
 * @throws a usage error that lists the known ones
 */
export function fileKindOf(file: string, type?: string): FileKind {
  const name = type === undefined ? path.basename(file).toLowerCase() : `rows.${type.toLowerCase()}`;
  const gzip = name.endsWith('.gz');
  const extension = path.extname(gzip ? name.slice(0, -'.gz'.length) : name).slice(1);
  const format = Object.hasOwn(formats, extension) ? formats[extension] : undefined;
  if (format !== undefined) return { format, gzip };
  const known = `${Object.keys(formats).join(', ')}, each also with .gz`;
  if (type !== undefined) throw usageError(`--type ${type} is not known; known are ${known}`);
  throw usageError(
    file === '-'
      ? `standard input needs --type, one of ${known}`
      : `can't tell what ${file} holds: give --type, one of ${known}`,
  );
}
