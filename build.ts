// Builds dist/: the deployable package. Everything is bundled into one file but for what the Functions worker supplies.
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const dist = 'dist';
// Built beside it, then put in its place: a build that fails leaves the last good one.
await mkdir('node_modules/.cache', { recursive: true });
const out = await mkdtemp('node_modules/.cache/dist-');
try {
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
    minifyWhitespace: true,
    external: ['@azure/functions-core'],
    logLevel: 'warning',
  });
  await copyFile('host.json', `${out}/host.json`);
  await writeFile(`${out}/package.json`, `${JSON.stringify({ private: true, main: 'main.cjs' }, null, 2)}\n`);
  await chmod(out, 0o755);
  await rm(dist, { recursive: true, force: true });
  await rename(out, dist);
} finally {
  await rm(out, { recursive: true, force: true });
}
