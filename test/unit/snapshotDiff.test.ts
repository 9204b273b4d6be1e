import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { sourceOf } from '../../shared/snapshot/bytes.ts';
import { contentOf, type Diffed, diff, index, isEqual, kernels } from '../helpers/snapshot.ts';

/** Each change as `kind values`, sorted. */
const shown = ({ changes }: Diffed) =>
  changes.map(({ kind, values }) => `${kind} ${Object.values(values).join('|')}`).sort();
const removedKeys = ({ removed }: Diffed) => removed.map((key) => key.join('|')).sort();

function expectBalanced({ result }: Diffed): void {
  const { read, rejected, repeated, unchanged, inserted, updated, competing } = result;
  expect(rejected + repeated + unchanged + inserted + updated + competing).toBe(read);
}

describe.each(kernels)('a diff by the kernel in %s', (_name, kernel) => {
  test('without a baseline, every row is an insert', async () => {
    const first = await diff('id,name\n1,a\n2,b\n', undefined, { kernel: kernel() });
    expect(shown(first)).toEqual(['insert 1|a', 'insert 2|b']);
    expect(first.result).toMatchObject({ read: 2, inserted: 2, baseline: 'none', suspect: [] });
  });

  test('says what was inserted, updated and removed, and of what line', async () => {
    const first = await diff('id,name\n1,a\n2,b\n3,c\n4,d\n', undefined, { kernel: kernel() });
    const second = await diff('id,name\n5,e\n4,d\n2,B\n1,a\n', first.saved, { kernel: kernel() });
    expect(second.changes).toEqual([
      { kind: 'insert', row: 2, values: { id: '5', name: 'e' } },
      { kind: 'update', row: 4, values: { id: '2', name: 'B' } },
    ]);
    expect(second.removed).toEqual([['3']]);
    expect(second.result).toMatchObject({ read: 4, unchanged: 2, inserted: 1, updated: 1, removed: 1, isHeld: false });
  });

  test('sees no change where rows, columns, quotes, delimiter and line ends are written in another way', async () => {
    const first = await diff('id,name,note\n1,a,"x,y"\n2,b;c,\n3,3/4",z\n', undefined, { kernel: kernel() });
    const second = await diff('\ufeffnote;id;"name"\r\nz;3;"3/4"""\r\n"x,y";"1";a\r\n;2;"b;c"', first.saved, {
      kernel: kernel(),
      content: () => {
        throw new Error('no row is to be mapped');
      },
    });
    expect(second.result).toMatchObject({ read: 3, unchanged: 3, baseline: 'used' });
    expect(second.result.columns).toEqual(['note', 'id', 'name']);
    expect(second.result.previousColumns).toEqual(['id', 'name', 'note']);
    expect(isEqual(second.saved.index, first.saved.index)).toBe(true);
  });

  test('maps rows that are written in another way, and drops those whose content is the same', async () => {
    const content = ({ values }: { values: Record<string, unknown> }) => `${values.id} ${Number(values.price)}`;
    const first = await diff('id,price\n1,1.50\n2,2\n3,3\n', undefined, { kernel: kernel(), content });
    const second = await diff('id,price\n1,1.5\n2,2.00\n3,3.01\n', first.saved, { kernel: kernel(), content });
    expect(shown(second)).toEqual(['update 3|3.01']);
    expect(second.result).toMatchObject({ unchanged: 2, updated: 1 });
    const third = await diff('id,price\n1,1.5\n2,2.00\n3,3.01\n', second.saved, {
      kernel: kernel(),
      content: () => {
        throw new Error('no row is to be mapped');
      },
    });
    expect(third.result.unchanged).toBe(3);
  });

  test('hold the removals where a key has a NUL, and not where something else has', async () => {
    const first = await diff('id,name\n1,a\n2,b\n', undefined, { kernel: kernel() });
    const inKey = await diff('id,name\n1,a\n2\0,b\n', first.saved, { kernel: kernel() });
    expect(inKey.result).toMatchObject({ rejected: 1, removed: 1, isHeld: true, suspect: ['unreadable_key'] });
    const elsewhere = await diff('id,name\n1,a\n2,b\0\n', first.saved, { kernel: kernel() });
    expect(elsewhere.result).toMatchObject({ rejected: 1, removed: 0, isHeld: false, suspect: [] });
  });

  test('maps every row when a column comes, goes or is called something else', async () => {
    const content = ({ values }: { values: Record<string, unknown> }) => `${values.id}${values.a}`;
    const first = await diff('id,a,b\n1,x,y\n', undefined, { kernel: kernel(), content });
    for (const text of ['id,a\n1,x\n', 'id,a,c\n1,x,y\n', 'id,a,b,c\n1,x,y,z\n']) {
      const second = await diff(text, first.saved, { kernel: kernel(), content });
      expect(second.result).toMatchObject({ unchanged: 1, baseline: 'used' });
    }
    const renamed = await diff('id,b,a\n1,x,y\n', first.saved, { kernel: kernel(), content });
    expect(shown(renamed)).toEqual(['update 1|x|y']);
  });

  test('compares keys byte for byte, and of several columns by each', async () => {
    const options = { key: ['b', 'a'] };
    const first = await diff('a,b\n1,23\n12,3\n,1\n1,\nA,b\n', undefined, { kernel: kernel(), ...options });
    const second = await diff('a,b\n"1","23"\n1,\na,b\n', first.saved, { kernel: kernel(), ...options });
    expect(shown(second)).toEqual(['insert a|b']);
    expect(removedKeys(second)).toEqual(['1|', '3|12', 'b|A']);
    expect(second.result.unchanged).toBe(2);
  });

  test('a key may be any text', async () => {
    const keys = ['', ' ', '"', '\n', ',', 'é', '🛠', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000), 'a"b'];
    const text = Papa.unparse([['id', 'v'], ...keys.map((key) => [key, '1'])]);
    const first = await diff(text, undefined, { kernel: kernel() });
    const second = await diff('id,v\nnew,1', first.saved, { kernel: kernel(), step: 100 });
    expect(second.removed.map(([key]) => key).sort()).toEqual(keys.sort());
  });

  describe('a key that occurs more than once', () => {
    test('with equal rows is repeated', async () => {
      const first = await diff('id,v\n1,a\n1,a\n"1","a"\n2,b\n', undefined, { kernel: kernel() });
      expect(shown(first)).toEqual(['insert 1|a', 'insert 2|b']);
      expect(first.result).toMatchObject({ read: 4, repeated: 2 });
      const second = await diff('id,v\n1,a\n2,b\n1,a\n', first.saved, { kernel: kernel() });
      expect(second.result).toMatchObject({ read: 3, repeated: 1, unchanged: 2 });
    });

    test.each([[['1,a', '1,b', '1,a', '2,x']], [['1,b', '1,a', '2,x', '1,a']], [['2,x', '1,a', '1,a', '1,b']]])(
      'with rows that differ hands them over, in any order: %j',
      async (rows) => {
        const first = await diff(`id,v\n${rows.join('\n')}`, undefined, { kernel: kernel() });
        expect(new Set(first.changes.map(({ values }) => values.v))).toEqual(new Set(['a', 'b', 'x']));
        expectBalanced(first);
        // Nobody knows here which one stood: in the next file all are events again, and none is taken for the same.
        const again = await diff(`id,v\n${rows.toReversed().join('\n')}`, first.saved, { kernel: kernel() });
        expect(new Set(again.changes.map(({ values }) => values.v))).toEqual(new Set(['a', 'b']));
        expectBalanced(again);
        expect(again.removed).toEqual([]);
        const single = await diff('id,v\n2,x\n1,a', again.saved, { kernel: kernel() });
        expect(shown(single)).toEqual(['update 1|a']);
        const settled = await diff('id,v\n2,x\n1,a', single.saved, { kernel: kernel() });
        expect(settled.result.unchanged).toBe(2);
      },
    );

    test('is an event again also where some of its rows were refused', async () => {
      const content = ({ values }: { values: Record<string, unknown> }) =>
        values.v === 'bad' ? undefined : String(values.v);
      const options = { content, maxDeleteRatio: 2 };
      const base = await diff('id,v\n1,z\n', undefined, { kernel: kernel(), ...options });
      for (const before of [undefined, base.saved]) {
        for (const rows of ['1,a\n1,bad', '1,bad\n1,a', '1,a\n1,bad\n1,a']) {
          const some = await diff(`id,v\n${rows}\n`, before, { kernel: kernel(), ...options });
          const good = await diff('id,v\n1,a\n', some.saved, { kernel: kernel(), ...options });
          expect(shown(good)).toEqual(['update 1|a']);
          const gone = await diff('id,v\n2,b\n', some.saved, { kernel: kernel(), ...options });
          expect([removedKeys(gone), gone.result.lostRemovals]).toEqual([['1'], 0]);
        }
      }
    });

    test('is handed over from the row on that differs from the baseline', async () => {
      const first = await diff('id,v\n1,a\n', undefined, { kernel: kernel() });
      const later = await diff('id,v\n1,a\n1,b\n1,a\n', first.saved, { kernel: kernel() });
      expect(later.changes.map(({ kind, values }) => `${kind} ${values.v}`)).toEqual(['competing b', 'competing a']);
      const sooner = await diff('id,v\n1,b\n1,a\n', first.saved, { kernel: kernel() });
      expect(sooner.changes.map(({ kind, values }) => `${kind} ${values.v}`)).toEqual(['update b', 'competing a']);
    });
  });

  describe('a broken row', () => {
    test('counts as seen, and what was known of its key stays', async () => {
      const first = await diff('id,v\n1,a\n2,b\n3,c\n4,d\n', undefined, { kernel: kernel() });
      const second = await diff('id,v\n1\n2,b,b\n3,"c"c\n4,\0\n', first.saved, { kernel: kernel() });
      expect(second.broken.map(({ row }) => row)).toEqual([2, 3, 4, 5]);
      expect(second.removed).toEqual([]);
      expect(second.result).toMatchObject({ read: 4, rejected: 4, suspect: [] });
      const third = await diff('id,v\n1,a\n2,b\n3,c\n4,D\n', second.saved, { kernel: kernel() });
      expect(shown(third)).toEqual(['update 4|D']);
      const fourth = await diff('id,v\n1,a\n', second.saved, { kernel: kernel() });
      expect(removedKeys(fourth)).toEqual(['2', '3', '4']);
    });

    test('of a new key leaves nothing behind', async () => {
      const first = await diff('id,v\n1,a\n2\n', undefined, { kernel: kernel() });
      const second = await diff('id,v\n1,a\n2,b\n', first.saved, { kernel: kernel() });
      expect(shown(second)).toEqual(['insert 2|b']);
    });

    test('whose key can not be read holds removals', async () => {
      const options = { key: ['k'] };
      const first = await diff('v,k\na,1\nb,2\nc,3\n', undefined, { kernel: kernel(), ...options });
      for (const text of ['v,k\na,1\nb\n', 'v,k\na,1\n"b"x,2\n', 'v,k\na,1\n"b,2\n', 'v,k\na,1\nb,c,2\n']) {
        const second = await diff(text, first.saved, { kernel: kernel(), ...options });
        expect(second.result.suspect).toContain('unreadable_key');
        expect(second.result).toMatchObject({ isHeld: true, removed: 2 });
        expect(removedKeys(second)).toEqual(['2', '3']);
        const third = await diff('v,k\na,1\n', second.saved, { kernel: kernel(), ...options });
        expect(third.result).toMatchObject({ isHeld: false, removed: 2 });
      }
    });

    test('with a quote that is never closed holds removals', async () => {
      const first = await diff('id,v\n1,a\n2,b\n3,c\n', undefined, { kernel: kernel() });
      const second = await diff('id,v\n1,a\n2,"b\n', first.saved, { kernel: kernel() });
      expect(second.result).toMatchObject({ suspect: ['unclosed_quote'], isHeld: true, removed: 1 });
    });
  });

  test('a row that its mapping refuses counts as seen, and what was known of its key stays', async () => {
    const content = (row: { values: Record<string, unknown> }) =>
      row.values.v === 'bad' ? undefined : String(row.values.v);
    const first = await diff('id,v\n1,a\n2,b\n3,bad\n', undefined, { kernel: kernel(), content });
    expect(first.result).toMatchObject({ inserted: 2, rejected: 1 });
    const second = await diff('id,v\n1,bad\n2,b\n', first.saved, { kernel: kernel(), content });
    expect(second.result).toMatchObject({ rejected: 1, unchanged: 1, removed: 0 });
    const again = await diff('id,v\n1,bad\n2,b\n', second.saved, { kernel: kernel(), content });
    expect(again.result).toMatchObject({ rejected: 1, unchanged: 1, removed: 0 });
    const third = await diff('id,v\n1,a\n2,b\n3,c\n', again.saved, { kernel: kernel(), content });
    expect(shown(third)).toEqual(['insert 3|c']);
    // A good row after a refused one of the same key.
    const both = await diff('id,v\n4,bad\n4,good\n5,a\n', undefined, { kernel: kernel(), content, chunkBytes: 8 });
    expect(both.result).toMatchObject({ rejected: 1, inserted: 2 });
  });

  test.each(['', '\n\n', '\ufeff', 'id,v', 'id,v\n\r\n'])(
    'a file without rows (%j) is suspect and keeps all',
    async (text) => {
      const first = await diff('id,v\n1,a\n2,b\n', undefined, { kernel: kernel() });
      const second = await diff(text, first.saved, { kernel: kernel() });
      expect(second.result).toMatchObject({ read: 0, suspect: ['empty'], isHeld: true, removed: 2 });
      const third = await diff('id,v\n2,b\n1,a\n', second.saved, { kernel: kernel() });
      expect(third.result).toMatchObject({ unchanged: 2, removed: 0 });
    },
  );

  test('more removals than are allowed are held, and stay in the baseline until they are few', async () => {
    const first = await diff('id,v\n1,a\n2,b\n3,c\n4,d\n', undefined, { kernel: kernel() });
    const held = await diff('id,v\n1,a\n5,e\n', first.saved, { kernel: kernel(), maxDeleteRatio: 0.5 });
    expect(held.result).toMatchObject({ suspect: ['too_many_deletes'], isHeld: true, removed: 3, inserted: 1 });
    const fewer = await diff('id,v\n1,a\n2,b\n5,e\n', held.saved, { kernel: kernel(), maxDeleteRatio: 0.5 });
    expect(fewer.result).toMatchObject({ suspect: [], isHeld: false, removed: 2, unchanged: 3 });
    expect(removedKeys(fewer)).toEqual(['3', '4']);
  });

  test('a column of the key that is missing parks the file', async () => {
    await expect(diff('ID,v\n1,a', undefined, { kernel: kernel() })).rejects.toMatchObject({
      code: 'MAPPING_ERROR',
      message: 'The file has no column "id"; it has ID, v.',
    });
  });

  test('a column of the key that may be missing voids the baseline when it comes or goes', async () => {
    const options = { key: ['id', 'site'], optionalKey: ['site'] };
    const first = await diff('id,v\n1,a\n2,b\n', undefined, { kernel: kernel(), ...options });
    expect(first.result.key).toEqual(['id']);
    const second = await diff('v,id\na,1\n', first.saved, { kernel: kernel(), ...options });
    expect(second.result).toMatchObject({ baseline: 'used', unchanged: 1, removed: 1 });
    const third = await diff('id,site,v\n1,,a\n', first.saved, { kernel: kernel(), ...options });
    expect(third.result).toMatchObject({ baseline: { void: 'the key has changed' }, inserted: 1, removed: 0 });
    await expect(diff('site,v\n1,a', undefined, { kernel: kernel(), ...options })).rejects.toThrow('no column "id"');
  });

  test('a baseline that is made without looking at rows finds the same changes', async () => {
    const before = 'id,v\n1,a\n2,b\n2,B\n3,"c"\n4\n5,e\n';
    const saved = await index(before, kernel());
    const looked = await diff(before, undefined, { kernel: kernel() });
    for (const text of ['v,id\na,1\nc,3\nx,4\nB,2\n', before]) {
      const { changes, removed } = await diff(text, saved, { kernel: kernel() });
      const expected = await diff(text, looked.saved, { kernel: kernel() });
      expect({ changes, removed }).toEqual({ changes: expected.changes, removed: expected.removed });
    }
  });

  test('goes on by chunks, of streams too, and says how far it is', async () => {
    const text = `id,v\n${Array.from({ length: 200 }, (_, i) => `${i},${'v'.repeat(i)}`).join('\n')}`;
    const whole = await diff(text, undefined, { kernel: kernel() });
    const cut = await diff(text, undefined, { kernel: kernel(), chunkBytes: 1_000, step: 7 });
    expect(isEqual(cut.saved.index, whole.saved.index)).toBe(true);
    expect(cut.progress.at(-1)).toEqual({ bytes: text.length, rows: 200 });
    expect(cut.progress.length).toBeGreaterThan(10);
  });

  const row = fc.record({
    id: fc.integer({ min: 0, max: 12 }).map(String),
    site: fc.constantFrom('', 'A', 'B,"'),
    text: fc.constantFrom('', 'x', 'x', 'y', '"', 'a\nb', 'a,b', '3/4"'),
    extra: fc.constantFrom('', '1'),
  });
  const file = fc.record({
    rows: fc.array(row, { maxLength: 25 }),
    columns: fc.shuffledSubarray(['id', 'site', 'text', 'extra'], { minLength: 4 }),
    delimiter: fc.constantFrom(',', ';', '\t'),
    newline: fc.constantFrom('\n', '\r\n'),
    quotes: fc.boolean(),
  });

  test('finds what a map finds, file after file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 2, maxLength: 4 }),
        fc.constantFrom(['id'], ['id', 'site'], ['site', 'id']),
        fc.constantFrom(1, 30, 64, 100_000),
        async (files, key, chunkBytes) => {
          let before: Diffed | undefined;
          let store = new Map<string, string>();
          for (const { rows, columns, delimiter, newline, quotes } of files) {
            const text = Papa.unparse(rows, { columns, delimiter, newline, quotes });
            const next = await diff(rows.length === 0 ? columns.join(delimiter) : text, before?.saved, {
              kernel: kernel(),
              key,
              delimiter,
              chunkBytes,
            });
            const keyOf = (values: Record<string, unknown>) => key.map((name) => values[name]).join('|');
            // Applied in the order of the file, the last row of a key stands: so it must in the store.
            const wanted = new Map(rows.map((values) => [keyOf(values), contentOf({ row: 0, values })]));
            if (rows.length > 0) {
              for (const { values } of next.changes) store.set(keyOf(values), contentOf({ row: 0, values }));
              for (const removed of next.removed) expect(store.delete(removed.join('|'))).toBe(true);
              expect([...store].sort()).toEqual([...wanted].sort());
              store = wanted;
            }
            const distinct = new Map(rows.map((values) => [JSON.stringify(values), values]));
            const isEachOnce = distinct.size === new Set(rows.map(keyOf)).size;
            if (isEachOnce) {
              expect(next.result.repeated).toBe(rows.length - distinct.size);
              expect(next.result.competing).toBe(0);
            }
            expectBalanced(next);
            before = next;
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('both kernels make the same baselines and the same events', async () => {
  const rows = fc.array(
    fc.tuple(
      fc.string({ unit: fc.constantFrom('a', 'b', '1', '2'), maxLength: 4 }),
      fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', '\0', '🛠', 'xxxxxxxxxxxxxxxx'), maxLength: 12 }),
    ),
    { maxLength: 60 },
  );
  const text = (list: readonly (readonly [string, string])[]) =>
    `id,v\n${list.map(([id, v]) => `${id},${v.includes('\n') ? v : Papa.unparse([[v]])}`).join('\n')}`;
  await fc.assert(
    fc.asyncProperty(rows, rows, async (first, second) => {
      const [wasm, plain] = await Promise.all(
        kernels.map(async ([, kernel]) => {
          const before = await diff(text(first), undefined, { kernel: kernel() });
          return { before, after: await diff(text(second), before.saved, { kernel: kernel() }) };
        }),
      );
      expect(plain).toEqual(wasm);
    }),
    { numRuns: 150 },
  );
});

test('a baseline says nothing of the order in which its rows came', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `${index},value ${index % 7}`);
  const sorted = await diff(`id,v\n${rows.join('\n')}`);
  const reversed = await diff(`id,v\n${rows.toReversed().join('\n')}`);
  expect(isEqual(reversed.saved.index, sorted.saved.index)).toBe(true);
  const halves = await diff(`id,v\n${rows.slice(0, 10_000).join('\n')}`);
  const shrunk = await diff(`id,v\n${rows.slice(0, 10_000).join('\n')}`, sorted.saved);
  expect(shrunk.result).toMatchObject({ unchanged: 10_000, removed: 10_000, lostRemovals: 0 });
  expect(isEqual(shrunk.saved.index, halves.saved.index)).toBe(true);
  const grown = await diff(`id,v\n${rows.join('\n')}`, halves.saved);
  expect(isEqual(grown.saved.index, sorted.saved.index)).toBe(true);
});

test('a stream is a source', async () => {
  async function* chunks() {
    yield Buffer.from('abc');
    yield Buffer.alloc(0);
    yield Buffer.from('de');
  }
  const source = sourceOf(chunks());
  const into = Buffer.alloc(2);
  const read: string[] = [];
  for (let count = await source.read(into); count > 0; count = await source.read(into)) {
    read.push(into.toString('utf8', 0, count));
  }
  expect(read.join('')).toBe('abcde');
});
