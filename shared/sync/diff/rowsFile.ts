import type { FormatRow } from '../../formats/format.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { RecordId } from '../../model/recordId.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import type { Rejection } from '../ingest.ts';
import { fromRowText, toRowText } from './rowText.ts';
import { type Reading, type SnapshotFile, unmapped, unreadable } from './snapshotFile.ts';

/** Neither is ever in JSON or in an id, so that no field needs quotes. */
const delimiter = '\u001f';
const quote = '\u001e';

/**
 * Rows of any format as CSV of two columns: the row as JSON with sorted fields, and its record's id. So the order of
 * fields never matters, and two keys that map to one id are one. A row without an id is broken on purpose, before its
 * second column: the kernel then knows that a key could not be read.
 *
 * The row of number n is on line n + 1: what was left out (blank lines) stays a blank line.
 *
 * Once this returns, the first page has been read.
 */
export async function openRows({ file, mapper, options }: Reading): Promise<SnapshotFile> {
  let encoding: string | undefined;
  const pages = file.format.read(file.source, {
    ...options,
    onSniffed(sniffed) {
      encoding = sniffed.encoding;
      options.onSniffed?.(sniffed);
    },
  });
  const read = await toSnapshotFile(pages, mapper);
  return { ...read, encoding: encoding ?? read.encoding };
}

async function toSnapshotFile(pages: AsyncIterable<readonly FormatRow[]>, mapper: Mapper): Promise<SnapshotFile> {
  const broken = new Map<number, Rejection>();
  const chunks = toCsv(pages, mapper, broken);
  // The first chunk is the header; with the second the file has been looked into, so that its encoding is known.
  const header = await chunks.next();
  const first = await chunks.next();
  async function* all() {
    if (!header.done) yield header.value;
    if (!first.done) yield first.value;
    yield* chunks;
  }
  return {
    source: sourceOf(all()),
    key: ['id'],
    delimiter,
    quote,
    encoding: 'none',
    layout: 'rows',
    rowOf: ({ row, values }) => ({ row: row - 1, values: fromRowText(String(values.row)) }),
    rejectionOf({ row, error, raw }) {
      const known = broken.get(row - 1);
      broken.delete(row - 1);
      return known ?? unreadable(row - 1, error, raw);
    },
    // It was made by the mapper, as text it is what it was.
    idOf: ([id = '']) => id as RecordId,
  };
}

async function* toCsv(
  pages: AsyncIterable<readonly FormatRow[]>,
  mapper: Mapper,
  broken: Map<number, Rejection>,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`row${delimiter}id\n`);
  let line = 2;
  for await (const page of pages) {
    let text = '';
    for (const row of page) {
      for (; line <= row.row; line++) text += '\n';
      const made = toLine(row, mapper);
      if (typeof made === 'string') {
        text += `${made}\n`;
      } else {
        broken.set(row.row, made);
        text += 'broken\n';
      }
      line++;
    }
    yield Buffer.from(text);
  }
}

function toLine(row: FormatRow, mapper: Mapper): string | Rejection {
  if ('error' in row) return unreadable(row.row, row.error, row.raw);
  const { id } = mapper.remove(row.values);
  if (id !== null) return `${toRowText(row.values)}${delimiter}${id}`;
  return unmapped(mapper.upsert(row.values), row.row, row.values);
}
