// Builds dist/: the deployable package. Everything is bundled but for what the Functions worker supplies: the app into
// one file, which is read and compiled whole at every start, and what few instances need into files beside it.
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/** Packages that are imported where they are used first: a file each (docs/adr/20261120-drivers-lie-beside-the-app.md). */
const apart = [
  '@azure/identity',
  'apache-arrow',
  'hyparquet',
  'hyparquet-compressors',
  'jose',
  'mssql',
  'mysql2',
  'pg',
  'undici',
];
const fileOf = (name: string) => name.replace('@azure/', '');

const leaveApart: Plugin = {
  name: 'leave apart',
  setup({ onResolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) =>
      kind !== 'entry-point' && apart.includes(path) ? { path: `./${fileOf(path)}.cjs`, external: true } : undefined,
    );
  },
};

const dist = 'dist';
// Built beside it, then put in its place: a build that fails leaves the last good one.
await mkdir('node_modules/.cache', { recursive: true });
const out = await mkdtemp('node_modules/.cache/dist-');
try {
  await build({
    entryPoints: { main: 'functions/main.ts', ...Object.fromEntries(apart.map((name) => [fileOf(name), name])) },
    outdir: out,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    // As `require`: an `import` would find no names in a package that was CommonJS.
    supported: { 'dynamic-import': false },
    sourcemap: true,
    sourcesContent: false,
    keepNames: true,
    minifySyntax: true,
    minifyWhitespace: true,
    external: ['@azure/functions-core'],
    plugins: [leaveApart],
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
