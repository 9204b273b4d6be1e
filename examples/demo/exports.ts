import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Delivery } from '../adventure-works/delivery.ts';

/** Writes what a dealer's system would, as a file under the dealer's folder; its path. */
export async function writeExport(folder: string, { dealer, file, content }: Delivery): Promise<string> {
  const target = path.join(folder, dealer, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, content);
  return target;
}
