import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { firstNight, secondNight, thirdNight } from '../../examples/adventure-works/dealers/nordicNights.ts';
import type { Drop, Night } from '../../examples/adventure-works/drop.ts';
import { readAdventureWorks } from '../../examples/adventure-works/tables.ts';
import { findDifferences, NaiveStore } from '../../examples/demo/naiveStore.ts';
import type { Sniffed } from '../../shared/formats/format.ts';
import { openFile } from '../../shared/formats/openFile.ts';
import type { Mapper } from '../../shared/mapping/compile.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { type NamedFile, nameFile } from '../../shared/sources/fileSource.ts';
import { placeOf } from '../../shared/sync/drops/place.ts';
import { readMappers } from '../helpers/exampleMappers.ts';
import { type ExampleSource, readSources } from '../helpers/exampleSources.ts';

const folder = path.join(process.cwd(), 'examples', 'adventure-works');
let mappers: Map<string, Mapper>;
let source: ExampleSource | undefined;
let nights: Night[];
beforeAll(async () => {
  const file = path.join(folder, 'hub.yaml');
  mappers = await readMappers(file);
  source = (await readSources(file)).find(({ dealerId }) => dealerId === 'nordic-velo');
  const tables = await readAdventureWorks(path.join(folder, 'data'));
  nights = [await firstNight(tables), await secondNight(tables), thirdNight(tables)];
});

interface Read {
  readonly named: NamedFile;
  readonly sniffed: Sniffed | undefined;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly records: Map<RecordId, JsonObject>;
  readonly deletes: RecordId[];
  readonly refused: number;
}

/** A file as the hub will read it: by its name, its source's settings, its format, its mapping. */
async function readDrop({ dealer, entity, file, content }: Drop): Promise<Read> {
  const mapper = mappers.get(`${dealer}/${entity}`);
  if (source === undefined || mapper === undefined) throw new Error(`nothing reads ${file}`);
  const named = nameFile(source.dealer, [source], placeOf(`${dealer}/${file}`));
  const bytes = (async function* () {
    yield content;
  })();
  const opened = await openFile(file, bytes, named.format === undefined ? {} : { format: named.format });
  let sniffed: Sniffed | undefined;
  const options = {
    ...named.options,
    ...(named.encoding === undefined ? {} : { encoding: named.encoding }),
    onSniffed: (found: Sniffed) => {
      sniffed = found;
    },
  };
  const read = {
    columns: [] as string[],
    rows: 0,
    records: new Map<RecordId, JsonObject>(),
    deletes: [] as RecordId[],
  };
  let refused = 0;
  for await (const page of opened.format.read(opened.source, options)) {
    for (const row of page) {
      read.rows++;
      if ('error' in row) throw new Error(row.error);
      if (read.rows === 1) read.columns.push(...Object.keys(row.values));
      const isDelete = row.values._op === 'delete';
      const result = isDelete ? mapper.remove(row.values) : mapper.upsert(row.values);
      if (!result.ok) refused++;
      else if (isDelete) read.deletes.push(result.id);
      else read.records.set(result.id, result.data);
    }
  }
  return { ...read, named, sniffed, refused };
}

function dropOf(night: number, entity: string): Drop {
  const found = nights[night]?.drops.find((drop) => drop.entity === entity);
  if (found === undefined) throw new Error(`night ${night} has no ${entity}`);
  return found;
}

describe('what is dropped', () => {
  test('says, read by the hub, just the records that it is made of', async () => {
    for (const drop of nights.flatMap(({ drops }) => drops)) {
      const { named, rows, records, deletes, refused } = await readDrop(drop);
      expect([drop.file, named.name.kind, named.name.entity]).toEqual([drop.file, drop.kind, drop.entity]);
      expect([drop.file, rows, refused]).toEqual([drop.file, drop.rows, drop.bad]);
      expect(findDifferences(drop.file, records, drop.records)).toEqual([]);
      expect(deletes).toEqual(drop.deletes);
      // No key comes twice.
      expect(records.size + deletes.length + refused).toBe(rows);
    }
  });

  test('is of five formats, full and delta, with and without a manifest', () => {
    const drops = nights[0]?.drops ?? [];
    expect(drops.map(({ file }) => file.slice(file.indexOf('.') + 1)).sort()).toEqual([
      'csv',
      'csv',
      'json.gz',
      'parquet',
      'xlsx',
      'xml',
    ]);
    expect(new Set(drops.map(({ kind }) => kind))).toEqual(new Set(['full', 'delta']));
    expect(new Set(drops.map(({ hasManifest }) => hasManifest))).toEqual(new Set([true, false]));
  });

  test('is Windows-1252 with semicolons and decimal commas', async () => {
    const { content } = dropOf(0, 'part');
    expect(Buffer.from(content).toString('latin1')).toMatch(/^Artikelnr;Tillverkare;Benämning;Färg;/);
    expect(Buffer.from(content).toString('latin1')).toContain(';1554,9479;');
    const { records } = await readDrop(dropOf(0, 'part'));
    const colours = [...records.values()].map(({ extensions }) => JSON.stringify(extensions));
    expect(colours).toContain('{"colour":"blå"}');
  });
});

describe('a night later', () => {
  test('the stock has its columns in another order and its numbers written otherwise', async () => {
    const [before, after] = await Promise.all([readDrop(dropOf(0, 'part_stock')), readDrop(dropOf(1, 'part_stock'))]);
    expect(after.columns).not.toEqual(before.columns);
    expect([...after.columns].sort()).toEqual([...before.columns].sort());
    expect(Buffer.from(dropOf(1, 'part_stock').content).toString('latin1')).toMatch(/;1\u00a0\d{3},00;/);
  });

  test('rows are changed, gone and new, and most are as before', () => {
    const store = new NaiveStore();
    for (const drop of nights[0]?.drops ?? []) store.take(drop);
    const effects = Object.fromEntries((nights[1]?.drops ?? []).map((drop) => [drop.entity, store.take(drop)]));
    expect(effects).toMatchObject({
      part_stock: { inserted: 12, updated: 53, deleted: 25, waiting: 0, rejected: 1 },
      part_price: { inserted: 0, deleted: 0 },
      customer: { inserted: 8, updated: 37, deleted: 40 },
      purchase_order: { inserted: 0, updated: 20, unchanged: 10, deleted: 1 },
    });
    for (const { unchanged, updated } of Object.values(effects)) expect([unchanged, updated]).not.toContain(0);
  });

  test('a dump that was cut short deletes nothing', () => {
    const store = new NaiveStore();
    for (const drop of nights.slice(0, 2).flatMap(({ drops }) => drops)) store.take(drop);
    const before = store.of('part_stock');
    const effect = store.take(dropOf(2, 'part_stock'));
    expect(effect).toMatchObject({ inserted: 0, updated: 0, deleted: 0, held: before.size });
    expect(effect.waiting).toBeGreaterThan(before.size * 0.4);
    expect(store.of('part_stock')).toEqual(before);
  });
});

describe('the store is compared with the files, and', () => {
  const expected = new Map<RecordId, JsonObject>([
    ['a' as RecordId, { n: 1 }],
    ['b' as RecordId, { n: 2 }],
  ]);
  test.each([
    ['is the same', { a: { n: 1 }, b: { n: 2 } }, []],
    ['lacks one', { a: { n: 1 } }, ['x: b is not in the store']],
    ['has one too many', { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } }, ['x: c is in the store and in no file']],
    ['has another one', { a: { n: 1 }, b: { n: 7 } }, ['x: b is otherwise than in the file']],
  ])('%s', (_, held, problems) => {
    expect(findDifferences('x', new Map(Object.entries(held)), expected)).toEqual(problems);
  });
});
