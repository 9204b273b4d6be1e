import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../helpers/host.ts';

test('a package `node` that is older than what adp needs is not called: it would call itself without end', async () => {
  const folder = await temporaryFolder('launcher');
  const old = join(folder, 'node_modules', 'node');
  await mkdir(join(old, 'bin'), { recursive: true });
  await mkdir(join(folder, 'cli'));
  await copyFile('cli/adp.js', join(folder, 'cli', 'adp.mjs'));
  await writeFile(join(old, 'package.json'), JSON.stringify({ name: 'node', version: '20.1.0' }));
  const called = join(folder, 'called');
  const bin = join(old, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  await writeFile(bin, `#!/bin/sh\necho called > "${called}"\n`);
  await chmod(bin, 0o755);
  const script = `
    Object.defineProperty(process.versions, 'node', { value: '20.0.0' });
    await import(${JSON.stringify(join(folder, 'cli', 'adp.mjs'))});
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect({ status, stderr: stderr.trim() }).toEqual({
    status: 1,
    stderr: 'adp needs Node 24, this is 20.0.0: run npm ci, which brings it along',
  });
  await expect(readFile(called)).rejects.toMatchObject({ code: 'ENOENT' });
});
