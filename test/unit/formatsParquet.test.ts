import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { AdpError } from '../../shared/errors.ts';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { parquet } from '../../shared/formats/parquet.ts';
import { heldBytes } from '../../shared/formats/randomAccess.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { type DuckParquet, openDuckParquet } from '../helpers/duckParquet.ts';
import { readRows, valuesOf } from '../helpers/formatRows.ts';

let duck: DuckParquet;
beforeAll(async () => {
  duck = await openDuckParquet();
});
afterAll(() => duck.close());

const written: DuckParquet['write'] = (query, options) => duck.write(query, options);

test.each(['[[[1]]]', "{'x':{'x':{'x':1}}}"])('%s, which nests too deep, is refused with the limit', async (value) => {
  const bytes = await written(`select ${value} as a`);
  const read = (maxDepth: number) => readRows(parquet, bytes, { maxDepth });
  expect(valuesOf(await read(4))).toHaveLength(1);
  await expect(read(3)).rejects.toThrow('at most 3 levels of a Parquet schema');
});

describe('values', () => {
  test.each<[string, unknown]>([
    ['7::tinyint', 7],
    ['(-32768)::smallint', -32768],
    ['4294967295::uinteger', 4294967295],
    ['9007199254740991::bigint', 9007199254740991],
    ['9007199254740993::bigint', new NumberLiteral('9007199254740993')],
    ['18446744073709551615::ubigint', new NumberLiteral('18446744073709551615')],
    ['0.1::float', 0.1],
    ['0.1::double', 0.1],
    ["'nan'::double", 'NaN'],
    ['10.50::decimal(9,2)', '10.50'],
    ['-0.05::decimal(4,2)', '-0.05'],
    ['12345678901234.5678::decimal(18,4)', '12345678901234.5678'],
    ['-12345678901234567890123456789012345.678::decimal(38,3)', '-12345678901234567890123456789012345.678'],
    ['5::decimal(4,0)', '5'],
    ["'Größe 漢字'", 'Größe 漢字'],
    ["''", ''],
    ['true', true],
    ['null::integer', null],
    ["'x'::enum('x','y')", 'x'],
    ["date '2024-02-29'", '2024-02-29'],
    ["date '0001-01-01'", '0001-01-01'],
    ["time '12:34:56.789'", '12:34:56.789'],
    ["timestamp '2025-05-13 12:00:00'", '2025-05-13T12:00:00'],
    ["timestamp '1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999'],
    ["timestamp_ms '2025-05-13 12:00:00.120'", '2025-05-13T12:00:00.12'],
    ["timestamp_ns '2025-05-13 12:00:00.123456789'", '2025-05-13T12:00:00.123456789'],
    ["timestamptz '2025-05-13 12:00:00+02'", '2025-05-13T10:00:00Z'],
    ["interval '1 month 2 days 3.5 seconds'", 'P1M2DT3.5S'],
    ["uuid '123e4567-e89b-12d3-a456-426614174000'", '123e4567-e89b-12d3-a456-426614174000'],
    ["'\\xAA\\x00'::blob", 'qgA='],
    ['\'{"a": 1.50}\'::json', { a: new NumberLiteral('1.50') }],
    ['[1, 2, null]', [1, 2, null]],
    ['[]::integer[]', []],
    ['null::integer[]', null],
    ['[[1], null, []]', [[1], null, []]],
    ["{'a': 1.5::decimal(3,1), 'b': ['x', null]}", { a: '1.5', b: ['x', null] }],
    ['null::struct(a integer)', null],
    ["[{'at': date '2024-02-29'}, null]", [{ at: '2024-02-29' }, null]],
    ["map {'k': 1.5::decimal(3,1)}", { k: '1.5' }],
  ])('%s', async (expression, value) => {
    expect(valuesOf(await readRows(parquet, await written(`select ${expression} as a`)))).toEqual([{ a: value }]);
  });
});

test.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw'])('%s is unpacked', async (codec) => {
  const query = "select i::integer as id, 'part '||(i % 10) as name, i / 4.0 as price from range(5000) r(i)";
  const rows = valuesOf(await readRows(parquet, await written(query, `, compression ${codec}`)));
  expect(rows).toHaveLength(5_000);
  expect(rows[4_321]).toEqual({ id: 4_321, name: 'part 1', price: 1080.25 });
});

test('row groups are read one after another, and rows come in pages', async () => {
  const bytes = await written('select i::integer as id from range(5000) r(i)', ', row_group_size 2048');
  const reads: number[] = [];
  const file = {
    size: bytes.length,
    read: async (offset: number, length: number) => {
      reads.push(offset);
      return bytes.subarray(offset, offset + length);
    },
  };
  const rows: number[] = [];
  const readsBefore: number[] = [];
  for await (const page of parquet.read(file)) {
    rows.push(...page.map(({ row }) => row));
    readsBefore.push(reads.length);
    expect(page.length).toBeLessThanOrEqual(1_000);
  }
  expect(rows).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
  expect(new Set(readsBefore).size).toBe(3);
});

describe('a file is refused', () => {
  const whole = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'a', data: ['x', 'y'], type: 'STRING' }] }));
  const reasonOf = (bytes: Uint8Array) =>
    readRows(parquet, bytes).then(
      () => undefined,
      (error: unknown) => error,
    );

  test.each([
    ['that is empty', Buffer.alloc(0), 'ends too early'],
    ['that ends too early', whole.subarray(0, -1), 'ends too early: its footer is missing'],
    ['that is encrypted', Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]), 'encrypted'],
    ['whose footer is too long', Buffer.from(whole).fill(0xff, whole.length - 8, whole.length - 6), 'footer is longer'],
  ])('%s', async (_name, bytes, message) => {
    expect(await reasonOf(bytes)).toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('whose footer claims to be enormous', async () => {
    expect(isLimitExceeded(await reasonOf(Buffer.from(whole).fill(0x7f, whole.length - 8, whole.length - 4)))).toBe(
      true,
    );
  });

  test('with two columns of one name', async () => {
    const column = { name: 'a', data: ['x'], type: 'STRING' as const };
    const bytes = Buffer.from(parquetWriteBuffer({ columnData: [column, { ...column, name: 'b' }] }));
    const renamed = Buffer.from(bytes.toString('latin1').replaceAll('\x18\x01b', '\x18\x01a'), 'latin1');
    expect(await reasonOf(renamed)).toMatchObject({ message: expect.stringContaining('more than one column "a"') });
  });

  test('with text that is none', async () => {
    const bytes = Buffer.from(whole.toString('latin1').replaceAll('\x01\0\0\0x', '\x01\0\0\0\xff'), 'latin1');
    expect(bytes.equals(whole)).toBe(false);
    expect(await reasonOf(bytes)).toMatchObject({ message: 'A text is not valid UTF-8.' });
  });

  test('or read, with any byte changed: never is there another error, or no end', async () => {
    const bytes = await written("select i::integer as a, 'x'||i as b, [i] as c from range(20) r(i)");
    for (let at = 4; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const error = await reasonOf(changed);
      if (error !== undefined && !(error instanceof AdpError && error.code === 'DATA_ERROR')) {
        throw new Error(`byte ${at}: ${error}`);
      }
    }
  });
});

test('an error of the file itself is handed on as it is', async () => {
  const broken = new Error('the network is gone');
  const bytes = await written('select 1 as a');
  let reads = 0;
  const file = {
    size: bytes.length,
    read: async (offset: number, length: number) => {
      reads += 1;
      if (reads > 2) throw broken;
      return await heldBytes(bytes).read(offset, length);
    },
  };
  const reading = async () => {
    for await (const _page of parquet.read(file)) {
      // Nothing comes.
    }
  };
  await expect(reading()).rejects.toBe(broken);
});
