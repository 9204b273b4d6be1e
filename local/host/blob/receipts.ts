import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Which blobs a function has been called for: by path and ETag. Survives the process. */
export interface Receipts {
  has(path: string, etag: string): boolean;
  add(path: string, etag: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Receipts in a file, a line each: only ever added to while it is open, and rewritten without what was replaced when it
 * is opened. A line that was cut off by a kill doesn't count: its blob is handed over once more.
 */
export async function openReceipts(file: string): Promise<Receipts> {
  await mkdir(dirname(file), { recursive: true });
  const known = new Map<string, string>();
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  for (const line of text.split('\n').slice(0, -1)) {
    const [etag = '', path = ''] = line.split('\t');
    known.set(decodeURIComponent(path), etag);
  }
  const draft = `${file}.new`;
  await writeFile(draft, Array.from(known, ([path, etag]) => toLine(path, etag)).join(''));
  await rename(draft, file);
  const handle: FileHandle = await open(file, 'a');
  return {
    has: (path, etag) => known.get(path) === etag,
    async add(path, etag) {
      known.set(path, etag);
      await handle.appendFile(toLine(path, etag));
    },
    close: () => handle.close(),
  };
}

function toLine(path: string, etag: string): string {
  return `${etag}\t${encodeURIComponent(path)}\n`;
}
