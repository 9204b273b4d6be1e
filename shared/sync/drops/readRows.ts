import { createHash } from 'node:crypto';
import type { ReadOptions, Sniffed } from '../../formats/format.ts';
import { type OpenedFile, openFile } from '../../formats/openFile.ts';
import type { InputRow } from '../ingest.ts';
import type { DropSource } from './dropSource.ts';
import type { DropSnapshot } from './dropStore.ts';
import type { Manifest } from './manifest.ts';

/** Formats that are read at any place of the file; all others, as they come. */
const seeking: ReadonlySet<string> = new Set(['parquet', 'arrow', 'feather', 'xlsx']);

/**
 * A file's rows, page by page, with the lines on which they stand.
 * @throws AdpError DATA_ERROR (park) where the file as a whole can't be read; what `onSniffed` throws
 */
export async function* readRows(
  fileName: string,
  drop: DropSnapshot,
  source: DropSource,
  manifest: Manifest | undefined,
  onSniffed: (sniffed: Sniffed) => void,
): AsyncGenerator<InputRow[]> {
  const { file, reading } = await openDrop(fileName, drop, source, manifest);
  let index = 0;
  for await (const page of file.format.read(file.source, { ...reading, onSniffed })) {
    yield page.map((row): InputRow => ({ index: index++, ...row }));
  }
}

/** A file with its packing taken off, and by what options it is read. @throws AdpError DATA_ERROR (park) */
export async function openDrop(
  fileName: string,
  drop: DropSnapshot,
  { name, format, encoding, options }: DropSource,
  manifest: Pick<Manifest, 'encoding'> | undefined,
): Promise<{ readonly file: OpenedFile; readonly reading: ReadOptions }> {
  const seeks = seeking.has(name.extension) || name.compression === 'zip';
  const file = await openFile(fileName, seeks ? drop : drop.stream(), format === undefined ? {} : { format });
  const taken = encoding ?? manifest?.encoding;
  return { file, reading: { ...options, ...(taken === undefined ? {} : { encoding: taken }) } };
}

/** SHA-256 of a file as it is, in hex. */
export async function contentOf(drop: DropSnapshot): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of drop.stream()) hash.update(chunk);
  return hash.digest('hex');
}
