import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Ran, runAdp } from '../helpers/runAdp.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-cli-diff-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs `adp diff` on two files of that name and content, where there is no hub. */
async function diff(
  before: readonly [name: string, content: string | Uint8Array],
  after: readonly [name: string, content: string | Uint8Array],
  ...options: string[]
): Promise<Ran> {
  await writeFile(path.join(folder, before[0]), before[1]);
  await writeFile(path.join(folder, after[0]), after[1]);
  return await runAdp(['diff', before[0], after[0], ...options], { cwd: folder });
}

const lines = ({ stdout }: Ran) => stdout.trimEnd().split('\n');
const jsonLines = (ran: Ran) => lines(ran).map((line): unknown => JSON.parse(line));

test('rows are compared by a key, as they are written', async () => {
  const ran = await diff(
    ['old.csv', 'no;name;qty\n1;Bolt;5\n2;Nut;7\n3;Pin;1\n'],
    ['new.csv', 'qty,no,name\n1,3,Pin\n8,2,Nut\n2,4,Clip\n'],
    '--key',
    'no',
  );
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(lines(ran)).toEqual([
    '~ {"qty":"8","no":"2","name":"Nut"}',
    '+ {"qty":"2","no":"4","name":"Clip"}',
    '- 1',
    '3 rows: 1 inserted, 1 updated, 1 deleted, 1 unchanged',
    expect.stringMatching(/^\d+\.\d s, [\d,]+ rows\/s$/),
  ]);
});

test('a key may have several columns; programs get a line of JSON each', async () => {
  const ran = await diff(
    ['old.csv', 'a,b,v\n1,x,1\n1,y,1\n2,x,1\n'],
    ['new.csv', 'a,b,v\n1,x,1\n1,y,2\n1,y,3\n'],
    ...['--key', 'a', '--key', 'b', '--json'],
  );
  expect(ran.code).toBe(0);
  expect(jsonLines(ran)).toEqual([
    { change: 'update', row: 3, values: { a: '1', b: 'y', v: '2' } },
    { change: 'repeat', row: 4, values: { a: '1', b: 'y', v: '3' } },
    { change: 'delete', key: ['2', 'x'] },
    { summary: expect.objectContaining({ read: 3, updated: 1, competing: 1, deleted: 1, unchanged: 1, suspect: [] }) },
  ]);
});

test('records are compared by what they map to, in any two formats', async () => {
  const ran = await diff(
    [
      'old.json',
      JSON.stringify([
        { part_number: 'A', branch_code: '1', bin: '', on_hand: 5 },
        { part_number: 'B', branch_code: '1', on_hand: 7 },
        { part_number: 'C', branch_code: '1', on_hand: 1 },
      ]),
    ],
    ['new.csv.gz', gzipSync('part_number,on_hand,branch_code\nB,7.0,1\nA,6,1\n')],
    ...['--entity', 'part_stock', '--json'],
  );
  expect(ran.stderr).toBe('');
  expect(jsonLines(ran)).toEqual([
    {
      change: 'update',
      row: 3,
      values: { part_number: 'A', branch_code: '1', bin: '', on_hand: 6 },
    },
    { change: 'delete', key: ['C:1:'] },
    { summary: expect.objectContaining({ read: 2, updated: 1, deleted: 1, unchanged: 1 }) },
  ]);
});

test('a column of the key that only one of the files has counts by its default', async () => {
  const ran = await diff(
    ['old.csv', 'part_number,on_hand\nA,5\nB,7\n'],
    ['new.csv', 'bin,part_number,on_hand\n,A,5\nX,B,7\n'],
    ...['--entity', 'part_stock', '--json'],
  );
  expect(jsonLines(ran)).toEqual([
    expect.objectContaining({ change: 'insert', row: 3 }),
    { change: 'delete', key: ['B::'] },
    { summary: expect.objectContaining({ inserted: 1, deleted: 1, unchanged: 1 }) },
  ]);
});

test('text of another encoding is the same text', async () => {
  const ran = await diff(
    ['old.csv', Buffer.from('no,name\n1,Öl\n2,Rohr\n', 'utf8')],
    ['new.csv', Buffer.from('\ufeffno\tname\r\n1\tÖl\r\n2\tRöhre\r\n', 'utf16le')],
    ...['--key', 'no'],
  );
  expect(lines(ran).slice(0, 2)).toEqual(['~ {"no":"2","name":"Röhre"}', '2 rows: 1 updated, 1 unchanged']);
});

test('rows that can not be read are told, and the exit code says so', async () => {
  const ran = await diff(['old.csv', 'no,v\n1,a\n2,b\n'], ['new.csv', 'no,v\n1,a\n2\n'], '--key', 'no', '--summary');
  expect(ran.code).toBe(1);
  expect(ran.stderr).toBe('row 3: The row has 1 fields, the header has 2.\n');
  expect(lines(ran)[0]).toBe('2 rows: 1 unchanged, 1 rejected');
});

test('of many rows that can not be read the first are told', async () => {
  const ran = await diff(['old.csv', 'no,v\n1,a\n'], ['new.csv', `no,v\n1,a\n${'x\n'.repeat(23)}`], '--key', 'no');
  expect(ran.stderr.trimEnd().split('\n')).toHaveLength(21);
  expect(ran.stderr).toContain('… and 3 rows more\n');
});

test('a file without rows is told', async () => {
  const ran = await diff(['old.csv', 'no,v\n1,a\n'], ['new.csv', 'no,v\n'], '--key', 'no');
  expect(ran.code).toBe(0);
  expect(lines(ran)).toEqual(['- 1', '0 rows: 1 deleted', expect.any(String)]);
  expect(ran.stderr).toContain('The new file has no rows');
});

test.each<[string, string[], number, string]>([
  ['neither entity nor key', [], 2, 'needs either --entity, or --key'],
  ['both', ['--entity', 'part', '--key', 'no'], 2, 'needs either --entity, or --key'],
  ['an unknown entity', ['--entity', 'parts'], 2, 'no entity "parts"'],
  ['a key that the file lacks', ['--key', 'number'], 1, 'number'],
])('%s is refused', async (_what, options, code, message) => {
  const ran = await diff(['old.csv', 'no,v\n1,a\n'], ['new.csv', 'no,v\n1,a\n'], ...options);
  expect(ran.code).toBe(code);
  expect(ran.stderr).toContain(message);
});

test('a file that is not there is named', async () => {
  await writeFile(path.join(folder, 'old.csv'), 'no,v\n1,a\n');
  const ran = await runAdp(['diff', 'old.csv', 'nowhere.csv', '--key', 'no'], { cwd: folder });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere.csv') });
});
