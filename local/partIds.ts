import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Remembers which processes work on a data folder: the parts of a stack that was killed take a moment to write down
 * what they hold, and a new stack must not open the same files meanwhile.
 */
export interface PartIds {
  /** Writes down a part's process, in place of its last. */
  remember(part: string, pid: number): Promise<void>;
  forgetAll(): Promise<void>;
}

export function partIdsIn(dataDir: string): PartIds {
  const ids: Record<string, number> = {};
  let writing: Promise<void> = Promise.resolve();
  return {
    remember: (part, pid) => {
      ids[part] = pid;
      writing = writing.then(() => writeFile(pathIn(dataDir), JSON.stringify(ids)));
      return writing;
    },
    forgetAll: () => rm(pathIn(dataDir), { force: true }),
  };
}

/** Longer than any part takes to end; a process that lives longer has only inherited the number. */
const patienceMs = 12_000;

/** Resolves when the parts of an earlier stack have ended. */
export async function waitForEarlierParts(dataDir: string): Promise<void> {
  const text = await readFile(pathIn(dataDir), 'utf8').catch(() => '{}');
  const pids = [...text.matchAll(/:(\d+)/g)].map(([, pid]) => Number(pid));
  const deadline = Date.now() + patienceMs;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(50);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'parts.json');
}
