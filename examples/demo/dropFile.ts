import { hash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Drop } from '../adventure-works/drop.ts';

/**
 * Leaves a file in the dealer's folder of a share, and its manifest after it. Each comes into being in one step, as Azure
 * File Sync lets files appear; a name that begins with a dot is no drop.
 *
 * @param shares the folder that the hub scans
 */
export async function dropFile(shares: string, { dealer, file, content, rows, hasManifest }: Drop): Promise<void> {
  const folder = path.join(shares, dealer);
  await mkdir(folder, { recursive: true });
  await appear(folder, file, content);
  if (!hasManifest) return;
  await appear(folder, `${file}.manifest.json`, JSON.stringify({ rows, sha256: hash('sha256', content, 'hex') }));
}

async function appear(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const draft = path.join(folder, `.${name}`);
  await writeFile(draft, content);
  await rename(draft, path.join(folder, name));
}
