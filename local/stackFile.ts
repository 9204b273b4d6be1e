import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a running stack tells others, in `stack.json` of its data folder (contract.md, "Commands"). */
export interface StackFile {
  readonly pid: number;
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly shares: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** In one step, so that nobody reads half of it; for the owner alone, since it holds keys. */
export async function writeStackFile(dataDir: string, stack: StackFile): Promise<void> {
  const draft = `${pathIn(dataDir)}.new`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, pathIn(dataDir));
}

export async function removeStackFile(dataDir: string): Promise<void> {
  await rm(pathIn(dataDir), { force: true });
}

/** Who runs in this folder, as far as it has said so: ` (process 12, http://…)`; empty where it hasn't. */
export async function describeOwner(dataDir: string): Promise<string> {
  const text = await readFile(pathIn(dataDir), 'utf8').catch(() => '{}');
  const { pid, baseUrl }: { pid?: unknown; baseUrl?: unknown } = JSON.parse(text);
  return pid === undefined ? '' : ` (process ${String(pid)}, ${String(baseUrl)})`;
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'stack.json');
}
