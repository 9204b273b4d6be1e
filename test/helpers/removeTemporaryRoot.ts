// Runs once, after all tests (jest.config.js).
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { rootPrefix } from './makeTemporaryRoot.ts';

/** Removes the folder of this run, whatever tests have left in it, and no other. */
export default async function removeTemporaryRoot(): Promise<void> {
  const root = tmpdir();
  if (!basename(root).startsWith(rootPrefix)) return;
  Object.assign(process.env, { TMPDIR: dirname(root), TEMP: dirname(root) });
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
}
