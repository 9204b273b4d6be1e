// Builds dist/: the deployable package. Everything is bundled into one file but for what the Functions worker supplies.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const out = 'dist';
await rm(out, { recursive: true, force: true });
await mkdir(out);
await build({
  entryPoints: ['functions/main.ts'],
  outfile: `${out}/main.cjs`,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  sourcemap: true,
  sourcesContent: false,
  keepNames: true,
  minifySyntax: true,
  external: ['@azure/functions-core'],
  logLevel: 'warning',
});
await copyFile('host.json', `${out}/host.json`);
await writeFile(`${out}/package.json`, `${JSON.stringify({ private: true, main: 'main.cjs' }, null, 2)}\n`);
