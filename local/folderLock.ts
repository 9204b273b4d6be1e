import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Gives a folder back. */
export type Release = () => void;

/**
 * Takes a folder for this process alone; undefined if another one has it. The lock is SQLite's, so it goes with its
 * process, however that ends: there is no stale lock, and no process id that somebody else may have by now.
 */
export function holdFolder(folder: string): Release | undefined {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch {
    database.close();
    return undefined;
  }
  return () => database.close();
}
