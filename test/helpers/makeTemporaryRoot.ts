// Runs once, before all tests (jest.config.js).
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the name of a run's folder begins with. */
export const rootPrefix = 'adp-tests-';

/** What tests, and the programs that they start, put into the temporary folder is put into one of this run alone. */
export default async function makeTemporaryRoot(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), rootPrefix));
  // As any temporary folder: database servers run as another user.
  await chmod(root, 0o1777);
  Object.assign(process.env, { TMPDIR: root, TEMP: root });
}
