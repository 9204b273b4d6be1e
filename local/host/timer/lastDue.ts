import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** When a timer was due last and has run; undefined where that was never written, or can't be read. */
export async function readLastDue(path: string): Promise<Date | undefined> {
  const time = new Date(await readFile(path, 'utf8').catch(() => Number.NaN));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Replaces the file in one step: a kill leaves the old time or the new one. */
export async function writeLastDue(path: string, time: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.new`;
  await writeFile(draft, time.toISOString());
  await rename(draft, path);
}
