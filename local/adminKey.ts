import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyIdOf, newKeyText } from '../shared/auth/keyText.ts';

/** The stack's first admin key: made once, then kept in its data folder, where only the owner can read it. */
export async function keepAdminKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'admin-key');
  const kept = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (keyIdOf(kept) !== undefined) return kept;
  const { text } = newKeyText(randomBytes);
  await writeFile(path, `${text}\n`, { mode: 0o600 });
  return text;
}
