import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JsonTexts } from '../../shared/formats/jsonTexts.ts';
import { NdjsonTexts } from '../../shared/formats/ndjsonTexts.ts';
import type { RowTexts } from '../../shared/formats/rowTexts.ts';
import { XmlTexts } from '../../shared/formats/xmlTexts.ts';
import { isEqual, kernels, type Saved } from '../helpers/snapshot.ts';
import { contentOfFields, diffOfTexts, type TextsDiffed, type TextsOptions } from '../helpers/snapshotTexts.ts';

interface TestRow {
  readonly id: string;
  readonly a: string;
  /** How it is written; says nothing. */
  readonly form: number;
}

/** What tells the rows of a text apart, and what it is to cut of it. */
type Opened = readonly [texts: RowTexts, data: string | Uint8Array];

const formats: readonly (readonly [string, (text: string) => Promise<Opened>, (rows: readonly TestRow[]) => string])[] =
  [
    [
      'NDJSON',
      async (text) => [new NdjsonTexts(), text],
      (rows) => rows.map((row) => `${json(row)}${row.form % 2 ? '\r\n' : '\n'}`).join(''),
    ],
    [
      'JSON',
      openArray,
      (rows) => `{"rows" : [${rows.map((row) => `${row.form % 2 ? ' ' : '\r\n'}${json(row)}`).join(',')}]}`,
    ],
    [
      'XML',
      async (text) => [new XmlTexts(), text],
      (rows) => `<?xml version="1.0"?>\n<rows>${rows.map(xml).join('')}\n</rows>`,
    ],
  ];

async function openArray(text: string): Promise<Opened> {
  async function* pieces() {
    yield Buffer.from(text);
  }
  const { texts, bytes } = await JsonTexts.open(pieces(), { path: 'rows' });
  return [texts, Buffer.concat(await Array.fromAsync(bytes))];
}

function json({ id, a, form }: TestRow): string {
  return form % 3 === 0 ? JSON.stringify({ id, a }) : `{"a" : ${JSON.stringify(a)},"id":${JSON.stringify(id)}}`;
}

function xml({ id, a, form }: TestRow): string {
  const gap = ['', '\n  ', '<!-- <row> -->', ' <?x <row> ?> '][form % 4];
  const text = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(']]>', ']]&gt;');
  const attribute = (value: string) => text(value).replaceAll('"', '&quot;');
  return form % 3 === 0
    ? `${gap}<row><id>${text(id)}</id><a>${text(a)}</a></row>`
    : `${gap}<row id="${attribute(id)}" ><!-- > --><a><![CDATA[${a.replaceAll(']]>', ']]]]><![CDATA[>')}]]></a ></row>`;
}

function expectBalanced({ result }: TextsDiffed): void {
  const { read, rejected, repeated, unchanged, inserted, updated, competing } = result;
  expect(rejected + repeated + unchanged + inserted + updated + competing).toBe(read);
}

/** What a store holds to which the changes were applied in their order. */
function apply(store: Map<string, string>, { changes, removed }: TextsDiffed): void {
  for (const { values } of changes) store.set(String(values.id), String(values.a));
  for (const id of removed) store.delete(id);
}

function changesOf({ changes, removed }: TextsDiffed): readonly string[] {
  return [...changes.map(({ kind, values }) => `${kind} ${values.id}`), ...removed.map((id) => `remove ${id}`)].sort();
}

function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const written = [...after].filter(([id, a]) => before.get(id) !== a);
  const removed = [...before.keys()].filter((id) => !after.has(id));
  return [
    ...written.map(([id]) => `${before.has(id) ? 'update' : 'insert'} ${id}`),
    ...removed.map((id) => `remove ${id}`),
  ].sort();
}

describe.each(kernels)('rows told by their texts, with the kernel in %s', (_kernel, kernel) => {
  describe.each(formats)('of %s', (_name, open, write) => {
    const diff = async (rows: readonly TestRow[], before?: Saved, options: TextsOptions = {}) => {
      const [texts, data] = await open(write(rows));
      return await diffOfTexts(texts, data, before, { kernel: kernel(), ...options });
    };
    const rows = (count: number): TestRow[] =>
      Array.from({ length: count }, (_, n) => ({ id: `k${n}`, a: `v${n}`, form: n }));

    test('that are the same are not read; what changed is, and what is gone is known by its key', async () => {
      const first = await diff(rows(300));
      expect(first.result).toMatchObject({ read: 300, inserted: 300, baseline: 'none', suspect: [] });
      const changed = rows(310).slice(10).reverse();
      changed[5] = { id: 'k304', a: 'other', form: 0 };
      const second = await diff(changed, first.saved);
      expect(second.mapped).toBe(11 - 1 + 0);
      expect(second.result).toMatchObject({ read: 300, unchanged: 290, inserted: 10, updated: 0, removed: 10 });
      expect([...second.removed].sort()).toEqual(
        rows(10)
          .map(({ id }) => id)
          .sort(),
      );
      const third = await diff(changed, second.saved, {
        content: () => {
          throw new Error('no row is to be mapped');
        },
      });
      expect(third.result).toMatchObject({ read: 300, unchanged: 300, removed: 0 });
      expect(isEqual(third.saved.index, second.saved.index)).toBe(true);
    });

    test('that say the same in another way are known by their content, and by their new text the next time', async () => {
      const first = await diff(rows(20).map((row) => ({ ...row, form: 0 })));
      const turned = rows(20).map((row) => ({ ...row, form: 1 }));
      const second = await diff(turned, first.saved);
      expect(second.result).toMatchObject({ unchanged: 20, updated: 0, removed: 0 });
      expect(second.mapped).toBe(20);
      const third = await diff(turned, second.saved);
      expect([third.mapped, third.result.unchanged]).toEqual([0, 20]);
    });

    test('that are refused are refused again the next time, and what was known of their keys stays', async () => {
      const content = (values: Record<string, unknown>) => (values.a === 'bad' ? undefined : contentOfFields(values));
      const first = await diff(rows(10), undefined, { content });
      const bad = [...rows(10).slice(1), { id: 'k0', a: 'bad', form: 0 }, { id: 'new', a: 'bad', form: 0 }];
      const second = await diff(bad, first.saved, { content });
      expect(second.result).toMatchObject({ rejected: 2, unchanged: 9, removed: 0, suspect: [] });
      const third = await diff(bad, second.saved, { content });
      expect(third.result).toMatchObject({ rejected: 2, unchanged: 9, removed: 0 });
      // A key that was never taken is nobody's to remove.
      const fourth = await diff(rows(10), third.saved, { content });
      expect(fourth.result).toMatchObject({ rejected: 0, unchanged: 10, removed: 0, lostRemovals: 0 });
      expect(isEqual(fourth.saved.index, first.saved.index)).toBe(true);
      expect(fourth.saved.keys.length).toBe(first.saved.keys.length);
    });

    test('hold the removals where a key can not be told, and keep the keys', async () => {
      const content = (values: Record<string, unknown>) =>
        values.a === 'bad' ? 'unreadable key' : contentOfFields(values);
      const first = await diff(rows(10));
      const second = await diff([...rows(9), { id: 'x', a: 'bad', form: 0 }], first.saved, { content });
      expect(second.result).toMatchObject({ rejected: 1, removed: 1, isHeld: true, suspect: ['unreadable_key'] });
      expect(second.removed).toEqual(['k9']);
      const third = await diff(rows(9), second.saved);
      expect(third.result).toMatchObject({ unchanged: 9, removed: 1, isHeld: false, lostRemovals: 0 });
      expect((await diff(rows(9), third.saved)).result).toMatchObject({ unchanged: 9, removed: 0 });
    });

    test('hold the removals of an empty file and of one that lacks too many', async () => {
      const first = await diff(rows(10));
      expect((await diff([], first.saved)).result).toMatchObject({ removed: 10, isHeld: true, suspect: ['empty'] });
      const few = await diff(rows(5), first.saved, { maxDeleteRatio: 0.4 });
      expect(few.result).toMatchObject({ removed: 5, isHeld: true, suspect: ['too_many_deletes'] });
    });

    test('that are longer than there is room for are known by their keys and their content', async () => {
      const tiny = { chunkBytes: 1, maxRowBytes: 12 };
      const content = (values: Record<string, unknown>) => (values.a === 'bad' ? undefined : contentOfFields(values));
      const first = await diff(rows(5), undefined, tiny);
      expect(first.result).toMatchObject({ read: 5, inserted: 5 });
      const turned = rows(5).map((row) => ({ ...row, form: row.form + 1 }));
      const second = await diff(turned, first.saved, tiny);
      expect(second.mapped).toBe(5);
      expect(second.result).toMatchObject({ unchanged: 5, inserted: 0, updated: 0, competing: 0 });
      // Where there is room for them, they are found as well, and have texts from then on.
      const third = await diff(turned, second.saved);
      expect([third.mapped, third.result.unchanged]).toEqual([5, 5]);
      expect((await diff(turned, third.saved)).mapped).toBe(0);
      turned[1] = { id: 'k1', a: 'other', form: 0 };
      turned[2] = { id: 'k2', a: 'bad', form: 0 };
      turned.push({ id: 'new', a: 'bad', form: 0 });
      const fourth = await diff(turned, third.saved, { ...tiny, content });
      expect(changesOf(fourth)).toEqual(['update k1']);
      expect(fourth.result).toMatchObject({ unchanged: 3, rejected: 2, suspect: [] });
      // What was refused is known as it was before, and a key that was never taken is nobody's to remove.
      turned.splice(2, 4, { id: 'k2', a: 'v2', form: 0 });
      const fifth = await diff(turned, fourth.saved, { ...tiny, content });
      expect(changesOf(fifth)).toEqual(['remove k3', 'remove k4']);
      expect(fifth.result).toMatchObject({ unchanged: 3, removed: 2, lostRemovals: 0 });
    });

    test('that are longer than there is room for and compete are told each time', async () => {
      const tiny = { chunkBytes: 1, maxRowBytes: 12 };
      const first = await diff(rows(1), undefined, tiny);
      const two = [...rows(1), { id: 'k0', a: 'other', form: 0 }];
      const second = await diff(two, first.saved, tiny);
      expect(second.result).toMatchObject({ unchanged: 1, competing: 1 });
      expect((await diff(two, second.saved, tiny)).result).toMatchObject({ updated: 1, competing: 1 });
    });

    test('are all new where the mapping has changed or the index is damaged', async () => {
      const first = await diff(rows(10));
      const other = await diff(rows(10), first.saved, { mapping: 'm2' });
      expect(other.result).toMatchObject({ inserted: 10, baseline: { void: expect.any(String) } });
      const index = Buffer.from(first.saved.index);
      index[index.length - 20] = (index[index.length - 20] ?? 0) ^ 1;
      const damaged = await diff(rows(10), { ...first.saved, index });
      expect(damaged.result).toMatchObject({ inserted: 10, baseline: { void: expect.any(String) } });
    });

    test('miss removals whose keys are gone from the baseline, and say so', async () => {
      const first = await diff(rows(10));
      const cut = { ...first.saved, keys: first.saved.keys.subarray(0, 20) };
      const { result } = await diff(rows(1), cut);
      expect(result.removed + result.lostRemovals).toBe(9);
      expect(result.lostRemovals).toBeGreaterThan(0);
    });

    test('say what a Map says, whatever is repeated, moved or written in another way', async () => {
      const row = fc.record({
        id: fc.constantFrom('1', '2', '3', '4', '<5>', '6"', 'ü'),
        a: fc.constantFrom('', 'x', 'y', 'a]]>b', '{', '\u{1f600}'),
        form: fc.nat(11),
      });
      const file = fc.oneof(
        fc.array(row, { maxLength: 14 }),
        fc.uniqueArray(row, { maxLength: 7, selector: ({ id }) => id }),
      );
      // In half of them there is often no room for a whole row.
      const sizes = fc.oneof(
        fc.record({ chunkBytes: fc.integer({ min: 1, max: 30 }), maxRowBytes: fc.integer({ min: 12, max: 40 }) }),
        fc.record({ chunkBytes: fc.integer({ min: 1, max: 200 }), maxRowBytes: fc.integer({ min: 40, max: 600 }) }),
      );
      // The second row has the same content, in XML in a text that there is no room for.
      const longer: [TestRow[][], { chunkBytes: number; maxRowBytes: number }] = [
        [[{ id: '<5>', a: '', form: 0 }], [{ id: '<5>', a: '', form: 1 }], []],
        { chunkBytes: 1, maxRowBytes: 40 },
      ];
      await fc.assert(
        fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 4 }), sizes, async (files, size) => {
          const store = new Map<string, string>();
          let saved: Saved | undefined;
          let wasOnce = true;
          for (const file of files) {
            const before = new Map(store);
            const diffed = await diff(file, saved, { ...size, maxDeleteRatio: 2 });
            expectBalanced(diffed);
            if (!diffed.result.isHeld) apply(store, diffed);
            expect(diffed.result.read).toBe(file.length);
            if (file.length === 0) {
              expect(diffed.result.suspect).toEqual(['empty']);
              continue;
            }
            expect(Object.fromEntries(store)).toEqual(Object.fromEntries(file.map(({ id, a }) => [id, a])));
            expect(diffed.result.lostRemovals).toBe(0);
            // Of rows that compete, and of those that follow them, more may be told than has changed.
            const isOnce = store.size === file.length;
            if (isOnce && wasOnce) expect(changesOf(diffed)).toEqual(changesBetween(before, store));
            wasOnce = isOnce;
            saved = diffed.saved;
          }
        }),
        { numRuns: 80, examples: [longer] },
      );
    });
  });
});

test('both kernels make the same index', async () => {
  const lines = Array.from({ length: 5_000 }, (_, n) => `{"id":"${n % 4_900}","v":${n % 4_950}}\n`);
  const [wasm, plain] = await Promise.all(
    kernels.map(async ([, kernel]) => {
      const first = await diffOfTexts(new NdjsonTexts(), lines.join(''), undefined, { kernel: kernel() });
      return await diffOfTexts(new NdjsonTexts(), lines.slice(100).join(''), first.saved, { kernel: kernel() });
    }),
  );
  expect(plain?.result).toEqual(wasm?.result);
  expect(isEqual(plain?.saved.index ?? Buffer.alloc(0), wasm?.saved.index ?? Buffer.alloc(1))).toBe(true);
});
