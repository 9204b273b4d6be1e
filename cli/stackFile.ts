import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AdpError } from '../shared/errors.ts';

/** What a running local stack says of itself. */
export interface FoundStack {
  readonly path: string;
  /** Not checked. */
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * `.local/stack.json` of this folder or one above it; undefined where there is none.
 *
 * @throws AdpError CONFIG_ERROR where it isn't what `npm start` writes
 */
export async function findStack(cwd: string): Promise<FoundStack | undefined> {
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const file = path.join(folder, '.local', 'stack.json');
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return { path: file, content: parseObject(text, file) };
    if (folder === path.dirname(folder)) return undefined;
  }
}

export function notAStackFile(file: string): AdpError {
  return new AdpError('CONFIG_ERROR', `${file} is not what npm start writes: start the stack again`);
}

function parseObject(text: string, file: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw notAStackFile(file);
  }
  if (typeof parsed !== 'object' || parsed === null) throw notAStackFile(file);
  return { ...parsed };
}
