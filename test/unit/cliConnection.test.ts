import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findConnection } from '../../cli/connection.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-connection-'));
  await mkdir(path.join(folder, 'a', 'b'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

test('ADP_URL and ADP_KEY win, with or without the prefix of the routes', async () => {
  const env = { ADP_URL: 'https://hub.example.com/api/v1/', ADP_KEY: 'adp_k' };
  expect(await findConnection(env, folder)).toEqual({ baseUrl: 'https://hub.example.com', key: 'adp_k' });
});

test('without them, stack.json of this folder or one above is taken', async () => {
  await mkdir(path.join(folder, '.local'), { recursive: true });
  const stack = { pid: 1, baseUrl: 'http://127.0.0.1:7071', adminKey: 'adp_admin' };
  await writeFile(path.join(folder, '.local', 'stack.json'), JSON.stringify(stack));
  const deep = path.join(folder, 'a', 'b');
  expect(await findConnection({}, deep)).toEqual({ baseUrl: 'http://127.0.0.1:7071', key: 'adp_admin' });
  expect(await findConnection({ ADP_KEY: 'adp_other' }, deep)).toEqual({
    baseUrl: 'http://127.0.0.1:7071',
    key: 'adp_other',
  });
});

test('a broken stack.json is named', async () => {
  await mkdir(path.join(folder, 'a', '.local'), { recursive: true });
  await writeFile(path.join(folder, 'a', '.local', 'stack.json'), '{"baseUrl": 1}');
  await expect(findConnection({}, path.join(folder, 'a'))).rejects.toThrow(/stack\.json is not what npm start writes/);
});

test('with neither, it says what to do', async () => {
  await expect(findConnection({}, '/')).rejects.toThrow(/npm start, or set ADP_URL and ADP_KEY/);
  await expect(findConnection({ ADP_URL: 'https://x' }, '/')).rejects.toThrow(/ADP_KEY is not/);
  await expect(findConnection({ ADP_URL: 'ftp://x', ADP_KEY: 'k' }, '/')).rejects.toThrow(/ADP_URL must be/);
});
