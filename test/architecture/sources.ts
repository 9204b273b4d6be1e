import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['functions', 'shared', 'cli', 'local', 'examples', 'bench', 'test'];
const root = join(__dirname, '..', '..');

/** The text of every source file of ours by its path from the root, such as `shared/errors.ts`. Fixtures are data. */
export function readSources(): Map<string, string> {
  const inRoot = readdirSync(root).filter(isSource);
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path}`)
      .filter((path) => isSource(path) && !path.startsWith('test/fixtures/')),
  );
  return new Map([...inRoot, ...inFolders].map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function isSource(path: string): boolean {
  return /\.(?:ts|js|mjs|cjs)$/.test(path);
}
