import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { parquet } from '../../shared/formats/parquet.ts';
import { ParquetTexts } from '../../shared/formats/parquetTexts.ts';
import { heldBytes } from '../../shared/formats/randomAccess.ts';
import { sourceOf } from '../../shared/snapshot/bytes.ts';
import { diffTexts } from '../../shared/snapshot/diffTexts.ts';
import { toRowText } from '../../shared/sync/diff/rowText.ts';
import { type DuckParquet, openDuckParquet } from '../helpers/duckParquet.ts';
import { readRows, valuesOf } from '../helpers/formatRows.ts';
import { kernels, memorySink, memorySource, type Saved, testOptions } from '../helpers/snapshot.ts';

let duck: DuckParquet;
beforeAll(async () => {
  duck = await openDuckParquet();
});
afterAll(() => duck.close());

const written: DuckParquet['write'] = (query, options) => duck.write(query, options);

async function diff(file: Buffer, before?: Saved, kernel = kernels[0]?.[1]()) {
  const index = memorySink();
  const keys = memorySink();
  const changed: string[] = [];
  const removed: string[] = [];
  let mapped = 0;
  const texts = await ParquetTexts.open(heldBytes(file), {});
  const keyOf = ({ values }: { values: Record<string, unknown> }) => (values.id === null ? null : String(values.id));
  const result = await diffTexts<string>(
    { source: sourceOf(texts.bytes()), texts, keyOf },
    before && { index: memorySource(before.index), keys: memorySource(before.keys) },
    { index, keys },
    testOptions,
    {
      map({ values }) {
        mapped += 1;
        const text = toRowText(values);
        return { contentHash: hash('sha256', text), change: text };
      },
      changed: (some) => void changed.push(...some.map(({ kind, change }) => `${kind} ${change}`)),
      broken: () => undefined,
      removed: (some) => void removed.push(...some.map(([key = '']) => key)),
    },
    kernel,
  );
  return { result, mapped, changed, removed, saved: { index: index.bytes(), keys: keys.bytes() } };
}

const everyType = `
  select 'k' || i as id, i::integer as i, i::bigint + 9007199254740993 as big, i::ubigint + 18446744073709540000 as ubig,
    i / 7::double as d, (i / 7)::float as f, (i % 2 = 0) as b, 'Größe ' || i % 17 as text, (i || '-x')::blob as bytes,
    (i / 100)::decimal(9,2) as price, i::decimal(38,3) as wide, date '2024-01-01' + i::integer as day,
    timestamp '2025-05-13 12:00:00' + interval (i) seconds as at, uuid '123e4567-e89b-12d3-a456-426614174000' as u,
    [i, null] as list, {'a': i, 'b': ['x']} as struct, map {'k': i} as m, ('{"a":' || i || '}')::json as j,
    (if(i % 2 = 0, 'x', 'y'))::enum('x', 'y') as e, if(i % 3 = 0, null, i)::integer as n, if(i % 3 = 1, null, 't' || i) as nt
  from range(START, 3000) t(i) ORDER`;
const query = (start = 0, order = '') => everyType.replace('START', `${start}`).replace('ORDER', order);

describe.each(kernels)('rows of Parquet, with the kernel in %s', (_name, kernel) => {
  test('of every type are not read again where they are the same, however they are packed and ordered', async () => {
    const first = await diff(await written(query()), undefined, kernel());
    expect(first.result).toMatchObject({ read: 3_000, inserted: 3_000 });
    for (const options of ['', ', compression zstd, row_group_size 2048', ', parquet_version v2']) {
      const second = await diff(await written(query(0, 'order by i desc'), options), first.saved, kernel());
      expect(second.mapped).toBe(0);
      expect(second.result).toMatchObject({ read: 3_000, unchanged: 3_000, removed: 0 });
      expect(second.saved.index.equals(first.saved.index)).toBe(true);
    }
  });

  test('that changed in a single value are read, and only these; columns that have moved say nothing', async () => {
    const rows = (change: string) => written(`select * replace (${change}) from (${query(0)}) order by i`);
    const first = await diff(await written(query()), undefined, kernel());
    const changes = [
      'if(i = 5, -i, i) as i',
      'if(i = 5, big + 1, big) as big',
      'if(i = 5, (ubig - 1)::ubigint, ubig) as ubig',
      'if(i = 5, d + 1e-9, d) as d',
      'if(i = 5, (f + 1)::float, f) as f',
      'if(i = 5, not b, b) as b',
      "if(i = 5, text || ' ', text) as text",
      "if(i = 5, 'y'::blob, bytes) as bytes",
      'if(i = 5, price + 1, price)::decimal(9,2) as price',
      'if(i = 5, null, day) as day',
      'if(i = 5, [i], list) as list',
      'if(i = 6, 0, n) as n',
      "if(i = 4, '', nt) as nt",
    ];
    for (const change of changes) {
      const second = await diff(await rows(change), first.saved, kernel());
      expect([change, second.mapped, second.result.updated]).toEqual([change, 1, 1]);
    }
    const moved = await written(`select nt, * exclude (nt) from (${query(10)})`);
    const last = await diff(moved, first.saved, kernel());
    expect(last.result).toMatchObject({ unchanged: 2_990, updated: 0, removed: 10 });
    expect(last.mapped).toBe(0);
  });
});

test('rows that are read are those of the format’s reader', async () => {
  const file = await written(query(2_900), ', row_group_size 2048');
  const { changed } = await diff(file);
  const rows = valuesOf(await readRows(parquet, file));
  expect(changed).toEqual(rows.map((row) => `insert ${toRowText(row)}`));
});

test('a column that comes, goes or is of another type makes every row be read; its content decides', async () => {
  const first = await diff(await written('select i::varchar as id, i from range(50) t(i)'));
  const wider = await diff(await written('select i::varchar as id, i, null as x from range(50) t(i)'), first.saved);
  expect(wider.result).toMatchObject({ updated: 50, unchanged: 0 });
  const typed = await diff(await written('select i::varchar as id, i::integer as i from range(50) t(i)'), first.saved);
  expect(typed.mapped).toBe(50);
  expect(typed.result).toMatchObject({ updated: 0, unchanged: 50 });
});

test('says what a Map says of columns with and without nulls, packed in dictionaries or not', async () => {
  const value = fc.option(fc.constantFrom('', 'a', 'b', 'ü', 'a very long text that is the same'), { nil: null });
  const files = fc.array(fc.dictionary(fc.constantFrom('1', '2', '3', '4', '5', '6'), fc.tuple(value, fc.integer())), {
    minLength: 2,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), async (all, isPlain) => {
      const store = new Map<string, string>();
      let saved: Saved | undefined;
      for (const rows of all.filter((some) => Object.keys(some).length > 0)) {
        const entries = Object.entries(rows);
        const columnData = [
          { name: 'id', data: entries.map(([id]) => id), type: 'STRING' as const },
          {
            name: 'a',
            data: entries.map(([, [a]]) => a),
            type: 'STRING' as const,
            ...(isPlain ? { encoding: 'PLAIN' as const } : {}),
          },
          { name: 'n', data: entries.map(([, [, n]]) => n), type: 'INT32' as const },
        ];
        const diffed = await diff(Buffer.from(parquetWriteBuffer({ columnData })), saved);
        for (const change of diffed.changed) {
          const row = change.slice(change.indexOf(' ') + 1);
          store.set(JSON.parse(row).id, row);
        }
        for (const id of diffed.removed) store.delete(id);
        const expected = entries.map(([id, [a, n]]) => [id, toRowText({ id, a, n })]);
        expect(Object.fromEntries(store)).toEqual(Object.fromEntries(expected));
        saved = diffed.saved;
      }
    }),
    { numRuns: 60 },
  );
});
