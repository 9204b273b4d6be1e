import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { missingColumn, neededColumns } from '../../shared/mapping/neededColumns.ts';
import type { EntityName } from '../../shared/model/entities.ts';
import { type NamingRules, parseDropName, unknownName, usualNames } from '../../shared/sync/drops/dropName.ts';
import { isIgnored } from '../../shared/sync/drops/ignored.ts';
import { checkManifest, describedBy, parseManifest } from '../../shared/sync/drops/manifest.ts';
import { namePattern } from '../../shared/sync/drops/namePattern.ts';
import { placeOf } from '../../shared/sync/drops/place.ts';

const usual = usualNames('UTC');
const read = (path: string, rules: NamingRules = usual) => parseDropName(placeOf(path), rules);
const at = (text: string) => Date.parse(text);

describe('the usual names', () => {
  test.each<[string, object]>([
    ['company_a/company_a_part_stock.csv', { entity: 'part_stock', kind: 'full', time: undefined, extension: 'csv' }],
    [
      'company_a/company_a_part_stock_2025_05_13_12_00_00.csv',
      { entity: 'part_stock', kind: 'delta', time: at('2025-05-13T12:00:00Z') },
    ],
    ['acme/in/2025/acme_part.parquet', { entity: 'part', kind: 'full', extension: 'parquet' }],
    ['acme/acme_part_price.json.gz', { entity: 'part_price', extension: 'json', compression: 'gz' }],
    ['acme/acme_unit_2025_05_13_12_00_00.xml.zip', { entity: 'unit', kind: 'delta', compression: 'zip' }],
    ['acme/acme_unit.zip', { entity: 'unit', kind: 'full', extension: '', compression: 'zip' }],
    ['acme/ACME_Part_Stock.CSV.GZ', { entity: 'part_stock', kind: 'full', extension: 'csv', compression: 'gz' }],
    ...['csv', 'tsv', 'txt', 'json', 'ndjson', 'jsonl', 'xml', 'parquet', 'arrow', 'feather', 'xlsx'].map(
      (extension): [string, object] => [`acme/acme_part.${extension}`, { extension, compression: undefined }],
    ),
  ])('%s', (path, expected) => {
    expect(read(path)).toMatchObject(expected);
  });

  test('a time is in the zone of the source, also in the hour that comes twice', () => {
    const chicago = usualNames('America/Chicago');
    expect(read('acme/acme_part_2025_07_01_07_00_00.csv', chicago)?.time).toBe(at('2025-07-01T12:00:00Z'));
    expect(read('acme/acme_part_2025_11_02_01_30_00.csv', chicago)?.time).toBe(at('2025-11-02T06:30:00Z'));
  });

  test.each([
    ['acme/other_part.csv', /does not begin with acme_/],
    ['acme/part.csv', /does not begin with acme_/],
    ['acme/acme_parts.csv', /names no entity/],
    ['acme/acme_part_new.csv', /names no entity/],
    ['acme/acme_part.pdf', /"pdf", which is not read/],
    ['acme/acme_part', /has no extension/],
    ['acme/acme_part.gz', /has no extension/],
    ['acme/acme_part-SRV01.csv', /conflict copy .* of acme_part\.csv/],
    ['acme/acme_part-Cloud.csv', /conflict copy .* of acme_part\.csv/],
    ['acme/acme_part-SRV-EU-01-2.csv.gz', /conflict copy .* of acme_part\.csv\.gz/],
    ['acme/acme_part_2025_05_13_12_00_00-Cloud.csv', /conflict copy/],
  ])('%s is refused, and why', (path, why) => {
    const refuse = () => {
      if (read(path) === undefined) throw unknownName(placeOf(path), [usual]);
    };
    expect(refuse).toThrow(why);
  });

  test.each(['2025_02_30_00_00_00', '2025_13_01_00_00_00', '2025_05_13_24_00_00', '2025_05_13', '2025'])(
    '%s is no time',
    (time) => {
      expect(() => read(`acme/acme_part_${time}.csv`)).toThrow(/is no time/);
    },
  );
});

describe("a source's names", () => {
  const rulesOf = (entity: EntityName, names: readonly string[], format?: string): NamingRules => ({
    zone: 'UTC',
    entities: new Map([[entity, { patterns: names.map((name) => namePattern(name)), format }]]),
  });

  test('a pattern with a time is a delta, one without is full', () => {
    const rules = rulesOf('part_stock', ['INV_{yyyyMMdd-HHmm}*.txt', 'INV.FULL.?.txt']);
    expect(read('acme/inv_20250513-1200 (2).TXT', rules)).toMatchObject({
      kind: 'delta',
      time: at('2025-05-13T12:00Z'),
    });
    expect(read('acme/INV.FULL.7.txt', rules)).toMatchObject({ kind: 'full', time: undefined });
    expect(read('acme/INVxFULL.7.txt', rules)).toBeUndefined();
  });

  test('the usual ones are taken too', () => {
    expect(read('acme/acme_part_stock.csv', rulesOf('part_stock', ['X.csv']))).toMatchObject({ kind: 'full' });
  });

  test('an extension that says nothing needs a format', () => {
    expect(() => read('acme/ITEMS.DAT', rulesOf('part', ['ITEMS.DAT']))).toThrow(/"dat", which is not read/);
    expect(read('acme/ITEMS.DAT', rulesOf('part', ['ITEMS.DAT'], 'csv'))).toMatchObject({ extension: 'csv' });
  });

  test.each(['A_{HHmm}.csv', 'A_{yyyyMM}.csv', 'A_{yyyyMMdd}_{HHmm}.csv', 'A_{yyyyMMddyyyy}.csv', 'A_}.csv{'])(
    '%s is refused',
    (name) => {
      expect(() => namePattern(name)).toThrow(/one time in braces/);
    },
  );

  test('stars and question marks fit as they do in a shell, of either case', () => {
    const part = (signs: string[]) => fc.string({ unit: fc.constantFrom(...signs), maxLength: 8 });
    fc.assert(
      fc.property(part(['a', 'B', '*', '?', '.', '0']), part(['a', 'b', 'B', '.', '0', 'é']), (pattern, name) => {
        const regex = pattern.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*');
        expect(namePattern(pattern).match(name) !== undefined).toBe(new RegExp(`^${regex}$`, 'i').test(name));
        const dated = namePattern(`${pattern}{yyyyMMdd}*`).match(`${name}20250131.csv`);
        expect(dated !== undefined).toBe(new RegExp(`^${regex}\\d{8}`, 'i').test(`${name}20250131.csv`));
      }),
    );
  });

  test('a name that nearly fits many stars is told at once, however long it is', () => {
    const stars = namePattern('*_*_*_*_*_*_*_*.csv');
    expect(stars.match('_'.repeat(1_000))).toBeUndefined();
    expect(stars.match(`${'_'.repeat(1_000)}.csv`)).toEqual({});
    expect(namePattern('*0*0*0*0*0*0*{yyyyMMdd}*.csv').match('0'.repeat(1_000))).toBeUndefined();
  });

  test('of several times in a name the last one counts', () => {
    const { time } = namePattern('*_{yyyyMMdd}*.csv').match('X_20240101_20250131_2.csv') ?? {};
    expect(time).toEqual({ text: '20250131', local: at('2025-01-31T00:00Z') });
  });

  test('a delta must have a time', () => {
    expect(() => namePattern('A.csv', 'delta')).toThrow(/a delta has one time/);
  });
});

test('what no system gives to data is ignored', () => {
  for (const name of ['.DS_Store', '~$book.xlsx', 'Thumbs.db', 'a.csv.tmp', 'a.csv.filepart']) {
    expect([name, isIgnored(name)]).toEqual([name, true]);
  }
  expect(isIgnored('acme_part.csv')).toBe(false);
});

describe('a manifest', () => {
  const of = { entity: 'part', zone: 'UTC', encoding: undefined, sha256: 'a'.repeat(64) } as const;
  const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)));

  test('speaks of the file whose name it has', () => {
    expect(describedBy('acme/a.csv.manifest.json')).toBe('acme/a.csv');
    expect(describedBy('acme/manifest.json')).toBeUndefined();
  });

  test('fits', () => {
    checkManifest(
      parse({ rows: 1, sha256: 'A'.repeat(64), timezone: 'UTC', encoding: 'latin1', schema_version: 1 }),
      of,
    );
    checkManifest(parse({}), of);
  });

  test.each<[object, RegExp]>([
    [{ sha256: 'b'.repeat(64) }, /SHA-256/],
    [{ timezone: 'Asia/Tokyo' }, /time zone/],
    [{ schema_version: 2 }, /version 2/],
  ])('%j does not', (manifest, why) => {
    expect(() => checkManifest(parse(manifest), of)).toThrow(why);
  });

  test("has another encoding than the source's", () => {
    const latin = { ...of, encoding: 'latin1' };
    expect(() => checkManifest(parse({ encoding: 'utf-8' }), latin)).toThrow(/encoding/);
    checkManifest(parse({ encoding: 'ISO-8859-1' }), latin);
  });

  test.each(['', '{', '[]', '{"rows":-1}', '{"rows":"1"}', '{"sha256":"x"}', '{"colour":1}'])('%s is none', (text) => {
    expect(() => parseManifest(Buffer.from(text))).toThrow(/manifest does not fit/);
  });
});

describe('the columns that a mapping needs', () => {
  test('are those that it reads, a choice as alternatives; what has a default can be missing', () => {
    const needed = neededColumns(
      {
        part_number: 'Item',
        description: { coalesce: ['Long', { from: 'Short' }] },
        uom: { from: 'Unit', default: 'EA' },
        class: { const: 'x' },
        status: { coalesce: ['State', { const: 'new' }] },
        'extensions.size': 'dim.width',
      },
      'Changed',
    );
    expect(missingColumn(needed, ['Item', 'Short', 'dim', 'Changed'])).toBeUndefined();
    expect(missingColumn(needed, ['Item', 'Long', 'dim.width', 'Changed'])).toBeUndefined();
    expect(missingColumn(needed, ['Item', 'dim', 'Changed'])).toEqual(['Long', 'Short']);
    expect(missingColumn(needed, ['Long', 'dim', 'Changed'])).toEqual(['Item']);
    expect(missingColumn(needed, ['Item', 'Long', 'dim'])).toEqual(['Changed']);
  });
});
