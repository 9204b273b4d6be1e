import { createReadStream } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { AdpError } from '../errors.ts';
import type { Share } from '../sync/drops/share.ts';

/** A plain folder as a share: the local stack's, a mounted share or NAS. Links are not followed out of it. */
export function openFolder(root: string): Share {
  return {
    async *list(onFailure) {
      for (const path of await walk(root, '', onFailure)) {
        const facts = await look(path, stat(join(root, path)), onFailure);
        if (facts?.isFile() !== true) continue;
        yield { path, bytes: facts.size, modifiedAt: facts.mtime, mark: markOf(facts.size, facts.mtimeMs) };
      }
    },
    async *read(file) {
      const handle = await open(join(root, file.path)).catch(gone);
      const facts = await handle?.stat();
      if (handle === undefined || facts === undefined || markOf(facts.size, facts.mtimeMs) !== file.mark) {
        await handle?.close();
        throw changed(file.path);
      }
      yield* createReadStream('', { fd: handle });
      // Written to while it was read: the copy would be half of each.
      const after = await stat(join(root, file.path)).catch(gone);
      if (after === undefined || markOf(after.size, after.mtimeMs) !== file.mark) throw changed(file.path);
    },
  };
}

/** Paths of the files below a folder, in order; hidden folders are left out. */
async function walk(root: string, folder: string, onFailure: OnFailure): Promise<string[]> {
  const entries = await opendir(join(root, folder)).catch(gone);
  if (entries === undefined) return [];
  const paths: string[] = [];
  for await (const entry of entries) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.startsWith('.')) {
      paths.push(...((await look(path, walk(root, path, onFailure), onFailure)) ?? []));
    } else if (entry.isFile()) {
      paths.push(path);
    }
  }
  return paths.sort();
}

type OnFailure = Parameters<Share['list']>[0];

/** Undefined also for what can't be looked at, such as what is forbidden or too deep: it keeps no other dealer's files back. */
async function look<T>(path: string, call: Promise<T>, onFailure: OnFailure): Promise<T | undefined> {
  try {
    return await call.catch(gone);
  } catch (error) {
    onFailure(path, error);
    return undefined;
  }
}

function markOf(bytes: number, modifiedMs: number): string {
  return `${bytes}-${modifiedMs}`;
}

function changed(path: string): AdpError {
  return new AdpError('CONFLICT', `${path} has changed while it was copied.`);
}

/** What was removed between two calls is no error. */
function gone(error: unknown): undefined {
  if (isNativeError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
  throw new AdpError('NETWORK_ERROR', 'The folder of shares can not be read.', { cause: error });
}
