import { AdpError } from '../../errors.ts';
import type { Encoding } from '../../formats/encoding.ts';
import { peek } from '../../formats/peek.ts';
import { toStream } from '../../formats/randomAccess.ts';
import { decodeUtf8 } from '../../formats/text.ts';
import { setOwn } from '../../model/json.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import { type FileHeader, readFileHeader } from '../../snapshot/fileHeader.ts';
import { type Reading, type SnapshotFile, unreadable } from './snapshotFile.ts';

const headerBytes = 64 * 1024;
const maxHeaderBytes = 2 * 1024 * 1024;

/** True for CSV that the kernel can read by itself: rows whose key columns differ have different ids. */
export function isReadByKernel({ file, mapper, options }: Reading): boolean {
  return (
    file.format.name === 'csv' &&
    mapper.isKeyVerbatim &&
    mapper.keyColumns.length > 0 &&
    [options.delimiter, options.quote].every((sign) => sign === undefined || /^[^\r\n\0\u0080-\uffff]$/.test(sign))
  );
}

/**
 * CSV as it is, brought to UTF-8. `onSniffed` of the options is told of its header.
 * @throws AdpError DATA_ERROR (park) for a header that can't be read, MAPPING_ERROR (park) where it has no column of
 * the key
 */
export async function openCsv({ file, mapper, options }: Reading): Promise<SnapshotFile> {
  let encoding: Encoding = 'utf-8';
  const utf8 = decodeUtf8(toStream(file.source), {
    encoding: options.encoding,
    onEncoding: (taken) => {
      encoding = taken;
    },
  });
  const { header, source } = await peekHeader(utf8, options.delimiter, options.quote ?? '"');
  const columns = header?.names ?? mapper.keyColumns;
  const delimiter = header?.delimiter ?? options.delimiter;
  options.onSniffed?.({
    format: 'csv',
    encoding,
    // A file without a header is an empty snapshot, not one that lacks columns.
    ...(header === undefined ? {} : { columns }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(options.quote === undefined ? {} : { quote: options.quote }),
  });
  const key = mapper.keyColumns.filter((column) => columns.includes(column));
  if (key.length === 0) {
    const wanted = mapper.keyColumns.join(', ');
    throw new AdpError(
      'MAPPING_ERROR',
      `The file has none of the key's columns (${wanted}); it has ${columns.join(', ')}.`,
    );
  }
  return {
    source: sourceOf(source),
    key,
    delimiter: options.delimiter,
    quote: options.quote,
    encoding,
    layout: 'csv',
    rowOf: ({ row, values }) => ({ row, values }),
    rejectionOf: ({ row, error, raw }) => unreadable(row, error, raw),
    idOf(values) {
      const row: Record<string, unknown> = {};
      for (const [place, column] of key.entries()) setOwn<unknown>(row, column, values[place] ?? '');
      return mapper.remove(row).id;
    },
  };
}

/** The header, with which nothing is lost: the source begins at the file's start. Undefined: there is none. */
async function peekHeader(utf8: AsyncIterable<Uint8Array>, delimiter: string | undefined, quote: string) {
  let peeked = await peek(utf8, headerBytes);
  for (let length = headerBytes; ; length *= 4) {
    const isLast = peeked.start.byteLength < length;
    const text = Buffer.from(peeked.start).toString('utf8');
    const header: FileHeader | undefined = readFileHeader(text, isLast, { delimiter, quote });
    if (header !== undefined || isLast || length > maxHeaderBytes) return { header, source: peeked.source };
    peeked = await peek(peeked.source, length * 4);
  }
}
