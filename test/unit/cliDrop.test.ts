import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runAdp } from '../helpers/runAdp.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'adp-drop-'));
  await mkdir(join(cwd, 'shares'));
  await writeFile(join(cwd, 'acme_part.csv'), 'part_number\nA\n');
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

const drop = (dealer: string) => {
  const env = { ADP_URL: 'http://127.0.0.1:9', ADP_KEY: 'adp_none', ADP_SHARES: join(cwd, 'shares') };
  return runAdp(['drop', dealer, 'acme_part.csv', '--no-wait'], { cwd, env });
};
const all = async () => (await readdir(cwd, { recursive: true })).sort();

describe('adp drop', () => {
  test.each(['..', '../x', '.', 'acme/..', 'a/b', '/acme', '', 'ACME'])(
    'refuses %j, which is no dealer',
    async (dealer) => {
      const before = await all();
      expect(await drop(dealer)).toMatchObject({ code: 2, stderr: expect.stringContaining('a-z, 0-9, _ and -') });
      expect(await all()).toEqual(before);
    },
  );

  test("copies the file into the dealer's folder", async () => {
    expect(await drop('acme')).toMatchObject({ code: 0, stdout: expect.stringContaining('acme/acme_part.csv') });
    expect(await readdir(join(cwd, 'shares/acme'))).toEqual(['acme_part.csv']);
  });
});
