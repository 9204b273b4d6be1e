import { type FileHandle, open } from 'node:fs/promises';
import { isNativeError } from 'node:util/types';
import { AdpError } from '../shared/errors.ts';
import type { RandomAccess } from '../shared/formats/randomAccess.ts';

/** A file of this machine, open for reading at any place. */
export interface LocalFile extends RandomAccess, AsyncDisposable {
  /** How much of it was read so far, 0 to 1, for progress. */
  shareRead(): number;
}

/** @throws AdpError CONFIG_ERROR where there is no such file */
export async function openLocalFile(path: string): Promise<LocalFile> {
  const handle = await openOrSay(path);
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new AdpError('CONFIG_ERROR', `${path} is not a file`);
  }
  let bytesRead = 0;
  return {
    size: stats.size,
    // What is read again counts again.
    shareRead: () => (stats.size === 0 ? 1 : Math.min(1, bytesRead / stats.size)),
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const read = await handle.read(bytes, filled, length - filled, offset + filled);
        if (read.bytesRead === 0) throw new AdpError('DATA_ERROR', `${path} was cut short while it was read`);
        filled += read.bytesRead;
      }
      bytesRead += length;
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function openOrSay(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    const code = isNativeError(error) && 'code' in error ? error.code : undefined;
    const message = code === 'ENOENT' ? `there is no file ${path}` : `${path} can't be opened: ${code ?? error}`;
    throw new AdpError('CONFIG_ERROR', message, { cause: error });
  }
}
