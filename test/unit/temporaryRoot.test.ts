import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const helper = (name: string) => JSON.stringify(resolve('test/helpers', name));

test('what tests put into the temporary folder goes into one of their run', async () => {
  expect(basename(tmpdir())).toMatch(/^adp-tests-/);
});

test('which goes with what is left in it, and with nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'machine-'));
  await mkdir(join(folder, 'adp-tests-of-others'));
  await writeFile(join(folder, 'own.txt'), '');
  const code = `
    import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    const { default: make } = await import(${helper('makeTemporaryRoot.ts')});
    const { default: remove } = await import(${helper('removeTemporaryRoot.ts')});
    await make();
    writeFileSync(mkdtempSync(tmpdir() + '/left-') + '/file', '');
    // Whoever a database server runs as gets in.
    console.log(readdirSync(tmpdir()).length, (statSync(tmpdir()).mode & 0o1777).toString(8));
    await remove();
    await remove();`;
  const args = ['--input-type=module', '-e', code];
  const env = { ...process.env, TMPDIR: folder, TEMP: folder };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toBe('1 1777\n');
  expect((await readdir(folder)).sort()).toEqual(['adp-tests-of-others', 'own.txt']);
});
