import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AdpError } from '../../shared/errors.ts';

/**
 * Keeps a second broker off a data folder: each would lose what the other acknowledged. SQLite is used for its file lock
 * alone, which the operating system takes back from a process however it dies.
 * @returns ends the lock
 * @throws AdpError CONFIG_ERROR if another process holds it
 */
export function lockFolder(folder: string): () => void {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new AdpError('CONFIG_ERROR', `Another broker uses ${folder}. Stop it, or choose another --data-dir.`, {
      cause,
    });
  }
  return () => database.close();
}
