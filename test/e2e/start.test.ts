// What the package starts with, and what it leaves for later (docs/adr/20261120-drivers-lie-beside-the-app.md).
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const dist = resolve('dist');
const main = resolve(dist, 'main.cjs');
const beside = readdirSync(dist).filter((name) => name.endsWith('.cjs') && name !== 'main.cjs');
const run = promisify(execFile);

const settings: { Values: Record<string, string> } = JSON.parse(readFileSync('local.settings.sample.json', 'utf8'));
const env = { ...process.env, ...settings.Values, ADMIN_KEY_HASH: '0'.repeat(64) };

test('a start loads the app alone, and registers its functions', async () => {
  const { stdout } = await run(process.execPath, ['bench/startProbe.ts', main], { env });
  const start: { files: string[]; functions: number } = JSON.parse(stdout);
  expect(start.files).toEqual(['main.cjs']);
  expect(start.functions).toBeGreaterThan(0);
});

test('what the app loads later lies beside it, and nothing else does', () => {
  const named = [...readFileSync(main, 'utf8').matchAll(/\brequire\("\.\/([^"]+)"\)/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set(beside));
});

test.each(beside)('%s is the package, with all of its names', async (file) => {
  const name = file === 'identity.cjs' ? '@azure/identity' : file.replace('.cjs', '');
  const program = `
    import { createRequire } from 'node:module';
    const ours = createRequire(${JSON.stringify(main)})('./${file}');
    const theirs = await import('${name}');
    const names = Object.keys(theirs).filter((key) => key !== 'default' && key !== 'module.exports');
    console.log(JSON.stringify(names.map((key) => [key, typeof ours[key] === typeof theirs[key]])));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  const names: [string, boolean][] = JSON.parse(stdout);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter(([, isThere]) => !isThere)).toEqual([]);
});
