import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contentHash } from '../../shared/model/contentHash.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { type FakeRequest, startFakeHub } from '../helpers/fakeHub.ts';
import { type Ran, runAdp } from '../helpers/runAdp.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-cli-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

const stock = (part_number: string, on_hand: number) => ({ part_number, branch_code: '', bin: '', on_hand });
const held = (data: JsonObject, source_id: string | null = null, deleted_at: string | null = null) => ({
  id: `${data.part_number}::`,
  source_id,
  content_hash: contentHash(data),
  deleted_at,
  data,
});

let isAdmin = true;

/** Compares a file with a hub that holds these, two records a page. */
async function diff(
  records: readonly object[],
  file: readonly [name: string, content: string],
  ...options: string[]
): Promise<Ran & { readonly requests: readonly FakeRequest[] }> {
  await using hub = await startFakeHub(({ path: asked, query }) => {
    if (asked === '/admin/dealers/acme') {
      return isAdmin
        ? { status: 200, body: { name: 'Acme', time_zone: 'America/Chicago' } }
        : { status: 403, body: { title: 'Forbidden', status: 403, code: 'AUTH_FAILED' } };
    }
    if (asked === '/admin/dealers/acme/sources/dms') {
      const mapping = { part_number: 'No', on_hand: { from: 'Qty', transform: ['integer'] } };
      const entities = { part_stock: { mapping, settings: { delimiter: ';' } } };
      return { status: 200, body: { connector: 'file', entities } };
    }
    if (asked !== '/dealers/acme/part_stock/records') return { status: 404, body: { title: 'nothing', status: 404 } };
    const from = Number(query.get('continuation') ?? 0);
    const rest = from + 2 < records.length ? { continuation: `${from + 2}` } : {};
    return { status: 200, body: { items: records.slice(from, from + 2), ...rest } };
  });
  await writeFile(path.join(folder, file[0]), file[1]);
  const env = { ADP_URL: hub.baseUrl, ADP_KEY: 'adp_key' };
  const args = ['diff', file[0], '--against-store', 'acme', '--entity', 'part_stock', ...options];
  return { ...(await runAdp(args, { cwd: folder, env })), requests: [...hub.requests] };
}

const lines = ({ stdout }: Ran) => stdout.trimEnd().split('\n');

test.each([
  ['stock.csv', 'on_hand,part_number\n5,A\n8,B\n1,D\n'],
  [
    'stock.ndjson',
    '{"on_hand":5.0,"part_number":"A"}\n{"part_number":"B","on_hand":8}\n{"part_number":"D","on_hand":1}\n',
  ],
  ['stock.json', '[{"on_hand":5.0,"part_number":"A"},{"part_number":"B","on_hand":8},{"part_number":"D","on_hand":1}]'],
  [
    'stock.xml',
    '<s><p on_hand="5"><part_number>A</part_number></p><p on_hand="8" part_number="B"/><p part_number="D" on_hand="1"/></s>',
  ],
])('%s is compared with what the hub holds, and nothing is sent', async (name, content) => {
  const records = [
    held(stock('A', 5)),
    held(stock('B', 7)),
    held(stock('C', 1)),
    held(stock('D', 1), null, '2026-01-01T00:00:00Z'),
  ];
  const ran = await diff(records, [name, content]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(lines(ran)).toEqual([
    expect.stringMatching(/^~ .*"on_hand":8.*"part_number":"B"/),
    expect.stringMatching(/^\+ .*"part_number":"D"/),
    '- C::',
    '3 rows: 1 inserted, 1 updated, 1 deleted, 1 unchanged',
    expect.any(String),
  ]);
  expect(ran.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('a source’s file is read and mapped as the source says, and other sources’ records are left alone', async () => {
  const records = [
    held({ part_number: 'A', branch_code: '', bin: '', on_hand: 5 }, 'dms'),
    held(stock('B', 7), 'other'),
  ];
  const same = await diff(records, ['export.csv', 'No;Qty\nA;5\n'], '--source', 'dms', '--json');
  expect(same.stderr).toContain('1 record of other sources left out');
  expect(lines(same).map((line) => JSON.parse(line))).toEqual([
    { summary: expect.objectContaining({ read: 1, unchanged: 1, inserted: 0, updated: 0, deleted: 0 }) },
  ]);
});

test('times without a zone are the dealer’s; a key that may not read its zone is told what was assumed', async () => {
  const record = held({ part_number: 'A', branch_code: '', bin: '', as_of: '2026-01-02T09:04:05Z' });
  const file = ['times.json', '[{"part_number":"A","as_of":"2026-01-02T03:04:05"}]'] as const;
  const same = await diff([record], file, '--summary');
  expect(same).toMatchObject({ code: 0, stderr: '' });
  expect(lines(same)[0]).toBe('1 row: 1 unchanged');
  try {
    isAdmin = false;
    const assumed = await diff([record], file, '--summary');
    expect(lines(assumed)[0]).toBe('1 row: 1 updated');
    expect(assumed.stderr).toContain('taken as UTC: this key may not read');
  } finally {
    isAdmin = true;
  }
});

test('rows that the hub would reject are told, and their records stay', async () => {
  const ran = await diff([held(stock('A', 5))], ['bad.ndjson', '{"part_number":"A","on_hand":"many"}\n'], '--summary');
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('row 1: on_hand');
  expect(lines(ran)[0]).toBe('1 row: 1 rejected');
});

test.each<[string, string[], string]>([
  ['a second file', ['diff', 'a', 'b', '--against-store', 'acme', '--entity', 'part'], 'there is one file'],
  ['no entity', ['diff', 'a', '--against-store', 'acme'], '--entity is missing'],
  ['a source without a store', ['diff', 'a', 'b', '--entity', 'part', '--source', 'dms'], '--source belongs to'],
  ['one file alone', ['diff', 'a', '--entity', 'part'], 'NEW is missing'],
])('%s is a wrong use', async (_what, args, message) => {
  const ran = await runAdp(args, { cwd: folder, env: { ADP_URL: 'http://127.0.0.1:9', ADP_KEY: 'adp_key' } });
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});
