import type { Encoding } from '../../formats/encoding.ts';
import type { FormatName } from '../../formats/format.ts';
import { JsonTexts } from '../../formats/jsonTexts.ts';
import { NdjsonTexts } from '../../formats/ndjsonTexts.ts';
import { toRandomAccess, toStream } from '../../formats/randomAccess.ts';
import { decodeUtf8 } from '../../formats/text.ts';
import { declaredEncoding } from '../../formats/xml.ts';
import { XmlTexts } from '../../formats/xmlTexts.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { RecordId } from '../../model/recordId.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import type { Rejection } from '../ingest.ts';
import { type Reading, type TextsFile, unmapped, unreadable } from './snapshotFile.ts';

type Opened = Pick<TextsFile, 'source' | 'texts' | 'encoding'>;

/** True for formats of which a row that hasn't changed need not be read. */
export function hasTexts({ file }: Reading): boolean {
  return ['json', 'ndjson', 'xml', 'parquet'].includes(file.format.name);
}

/**
 * A file whose rows have texts of their own: only those with a new text are read.
 * @throws AdpError DATA_ERROR (park) where the file can't be read; what `onSniffed` throws
 */
export async function openTexts(reading: Reading): Promise<TextsFile> {
  const { name } = reading.file.format;
  const open = openers[name] ?? openText;
  return toTextsFile(await open(reading), `texts of ${name}`, reading.mapper);
}

/** Rows that are told apart by their texts. A record's id is its key, so that two keys that map to one id are one. */
export function toTextsFile(opened: Opened, layout: TextsFile['layout'], mapper: Mapper): TextsFile {
  const refused = new Map<number, Rejection>();
  return {
    ...opened,
    layout,
    keyOf({ row, values }) {
      const { id } = mapper.remove(values);
      if (id === null) refused.set(row, unmapped(mapper.upsert(values), row, values));
      return id;
    },
    rowOf: ({ row, values }) => ({ row, values }),
    rejectionOf({ row, error, raw }) {
      const known = refused.get(row);
      refused.delete(row);
      return known ?? unreadable(row, error, raw);
    },
    // It was made by the mapper, as text it is what it was.
    idOf: ([id = '']) => id as RecordId,
  };
}

const openers: { readonly [Name in FormatName]?: (reading: Reading) => Promise<Opened> } = {
  json: openArray,
  parquet: openColumns,
};

/** NDJSON or XML. */
async function openText({ file, options }: Reading): Promise<Opened> {
  const { name } = file.format;
  const texts = name === 'xml' ? new XmlTexts(options) : new NdjsonTexts(options);
  let encoding = 'utf-8';
  const utf8 = decodeUtf8(toStream(file.source), {
    encoding: options.encoding,
    ...(name === 'xml' ? { declared: declaredEncoding } : {}),
    onEncoding(taken) {
      encoding = taken;
      options.onSniffed?.({ format: name, encoding: taken });
    },
  });
  // With the first piece of it the file has been looked into, so that its encoding is known.
  const first = await utf8.next();
  async function* all() {
    if (!first.done) yield first.value;
    yield* utf8;
  }
  return { source: sourceOf(all()), texts, encoding };
}

async function openArray({ file, options }: Reading): Promise<Opened> {
  const { onSniffed, ...rest } = options;
  let encoding: Encoding = 'utf-8';
  const utf8 = decodeUtf8(toStream(file.source), {
    encoding: options.encoding,
    onEncoding(taken) {
      encoding = taken;
    },
  });
  const onPath = (path: string) => onSniffed?.({ format: 'json', encoding, path });
  const { texts, bytes } = await JsonTexts.open(utf8, { ...rest, onPath });
  return { source: sourceOf(bytes), texts, encoding };
}

async function openColumns({ file, options }: Reading): Promise<Opened> {
  // The library is loaded only where there is a Parquet file.
  const { ParquetTexts } = await import('../../formats/parquetTexts.ts');
  const texts = await ParquetTexts.open(await toRandomAccess(file.source), options);
  return { source: sourceOf(texts.bytes()), texts, encoding: 'none' };
}
