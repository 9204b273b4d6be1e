import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import {
  Binary,
  Bool,
  CompressionType,
  compressionRegistry,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  Dictionary,
  DurationSecond,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  IntervalMonthDayNano,
  LargeUtf8,
  List,
  Map_,
  makeData,
  Null,
  RecordBatchStreamWriter,
  Struct,
  Table,
  TimeMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  Uint64,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { AdpError } from '../../shared/errors.ts';
import { arrow } from '../../shared/formats/arrow.ts';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { readLz4Frame } from '../../shared/formats/lz4Frame.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { arrowBytes, arrowOf } from '../helpers/binaryFiles.ts';
import { errorsOf, inChunks, readRows, valuesOf } from '../helpers/formatRows.ts';

async function readTable(columns: Record<string, Vector>): Promise<Record<string, unknown>[]> {
  const rows = await readRows(arrow, arrowBytes(new Table(columns), 'stream'), {}, 100);
  expect(errorsOf(rows)).toEqual([]);
  return valuesOf(rows);
}

const listOf = (type: DataType) => new List(new Field('item', type, true));

test('types that nest too deep are refused with the limit', async () => {
  const column = vectorFromArray([[[[[1]]]]], listOf(listOf(listOf(listOf(new Int8())))));
  const read = (maxDepth: number) => readRows(arrow, arrowBytes(new Table({ a: column }), 'stream'), { maxDepth }, 100);
  expect(valuesOf(await read(4))).toEqual([{ a: [[[[1]]]] }]);
  await expect(read(3)).rejects.toThrow('at most 3 levels of an Arrow schema');
});

describe('values', () => {
  test.each<[string, Vector, unknown[]]>([
    ['bytes', vectorFromArray([-7, null], new Int8()), [-7, null]],
    [
      'whole numbers',
      vectorFromArray([9007199254740993n, -1n], new Int64()),
      [new NumberLiteral('9007199254740993'), -1],
    ],
    [
      'unsigned ones',
      vectorFromArray([18446744073709551615n], new Uint64()),
      [new NumberLiteral('18446744073709551615')],
    ],
    ['floats', vectorFromArray([0.1, null], new Float32()), [0.1, null]],
    ['doubles', vectorFromArray([0.1, Number.NaN], new Float64()), [0.1, 'NaN']],
    ['truths', vectorFromArray([true, false, null], new Bool()), [true, false, null]],
    ['nothing', vectorFromArray([null, null], new Null()), [null, null]],
    ['texts', vectorFromArray(['Größe 漢字', '', null], new Utf8()), ['Größe 漢字', '', null]],
    ['large texts', vectorFromArray(['é', null], new LargeUtf8()), ['é', null]],
    [
      'a dictionary',
      vectorFromArray(['x', 'y', 'x', null], new Dictionary(new Utf8(), new Int32())),
      ['x', 'y', 'x', null],
    ],
    ['bytes', vectorFromArray([Uint8Array.of(0xaa, 0)], new Binary()), ['qgA=']],
    ['bytes of one length', vectorFromArray([Uint8Array.of(0xaa, 0)], new FixedSizeBinary(2)), ['qgA=']],
    [
      'decimals',
      new Vector([
        makeData({
          type: new Decimal(2, 20, 128),
          data: Uint32Array.of(1050, 0, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff),
        }),
      ]),
      ['10.50', '-0.01'],
    ],
    [
      'days',
      new Vector([makeData({ type: new DateDay(), data: Int32Array.of(19_782, -1) })]),
      ['2024-02-29', '1969-12-31'],
    ],
    [
      'days in milliseconds',
      new Vector([makeData({ type: new DateMillisecond(), data: BigInt64Array.of(86_400_000n, 1n) })]),
      ['1970-01-02', '1970-01-01T00:00:00.001'],
    ],
    [
      'times of day',
      new Vector([makeData({ type: new TimeMicrosecond(), data: BigInt64Array.of(45_296_789_000n) })]),
      ['12:34:56.789'],
    ],
    [
      'moments',
      new Vector([
        makeData({
          type: new TimestampNanosecond('Europe/Berlin'),
          data: BigInt64Array.of(1_747_137_600_123_456_789n, -1n),
        }),
      ]),
      ['2025-05-13T12:00:00.123456789Z', '1969-12-31T23:59:59.999999999Z'],
    ],
    [
      'moments of no zone',
      new Vector([makeData({ type: new TimestampMillisecond(), data: BigInt64Array.of(1_500n) })]),
      ['1970-01-01T00:00:01.5'],
    ],
    ['durations', new Vector([makeData({ type: new DurationSecond(), data: BigInt64Array.of(90n) })]), ['P0M0DT90S']],
    [
      'intervals',
      new Vector([makeData({ type: new IntervalMonthDayNano(), data: Int32Array.of(1, 2, 500_000_000, 0) })]),
      ['P1M2DT0.5S'],
    ],
    ['lists', vectorFromArray([[1, null], [], null], listOf(new Int32())), [[1, null], [], null]],
    [
      'lists of one length',
      vectorFromArray([[1, 2]], new FixedSizeList(2, new Field('item', new Int32(), true))),
      [[1, 2]],
    ],
    [
      'structs',
      vectorFromArray(
        [{ a: 1, b: ['x'] }, null],
        new Struct([new Field('a', new Int32(), true), new Field('b', listOf(new Utf8()), true)]),
      ),
      [{ a: 1, b: ['x'] }, null],
    ],
    [
      'maps',
      vectorFromArray(
        [new Map([['k', 1]])],
        new Map_(
          new Field(
            'entries',
            new Struct<{ key: Utf8; value: Int32 }>([
              new Field('key', new Utf8(), false),
              new Field('value', new Int32(), true),
            ]),
            false,
          ),
        ),
      ),
      [{ k: 1 }],
    ],
  ])('%s', async (_name, vector, values) => {
    expect(await readTable({ a: vector })).toEqual(values.map((a) => ({ a })));
  });
});

test('batches are read one after another, and rows are numbered through', async () => {
  const one = new Table({
    a: vectorFromArray(
      Array.from({ length: 1_500 }, (_, index) => index),
      new Int32(),
    ),
  });
  const rows = await readRows(arrow, arrowBytes(one.concat(one), 'file'), {}, 1_000);
  expect(rows).toHaveLength(3_000);
  expect(rows[2_999]).toEqual({ row: 3_000, values: { a: 1_499 } });
});

describe('compressed bodies', () => {
  const magic = Uint8Array.of(4, 0x22, 0x4d, 0x18);
  /** One block that is stored as it is, which any reader of LZ4 takes. */
  const lz4Stored = (data: Uint8Array) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE((data.length | 0x80000000) >>> 0);
    return Buffer.concat([magic, Uint8Array.of(0x60, 0x70, 0x73), size, data, Buffer.alloc(4)]);
  };

  test.each([
    ['zstd', CompressionType.ZSTD, (data: Uint8Array) => zstdCompressSync(data)],
    ['LZ4', CompressionType.LZ4_FRAME, lz4Stored],
  ])('by %s are read', async (_name, compressionType, encode) => {
    // Reading it once has set our decoders; the writer needs an encoder beside one.
    await readRows(arrow, arrowOf([{ a: 'x' }]));
    const codec = compressionRegistry.get(compressionType);
    compressionRegistry.set(compressionType, { ...codec, encode });
    const texts = Array.from({ length: 3_000 }, (_, index) => `part ${index % 7}`);
    const table = new Table({ a: vectorFromArray(texts, new Utf8()) });
    const writer = new RecordBatchStreamWriter({ compressionType });
    const bytes = await writer.writeAll(table).toUint8Array();
    expect(valuesOf(await readRows(arrow, bytes)).map(({ a }) => a)).toEqual(texts);
  });

  test('are LZ4 as its own tool makes it, with blocks that refer to one another', () => {
    // lz4 -B4 -BD --no-frame-crc of 'AB-1,part ' 16,000 times
    const base64 = [
      'BCJNGEBAwBQBAACvQUItMSxwYXJ0IAoA',
      '/'.repeat(341),
      '95QQi0xLHAKAQAAD/r',
      '/'.repeat(342),
      '+hQcnQgQUKFAAAAry0xLHBhcnQgQUIKAP',
      '/'.repeat(150),
      'T1BwYXJ0IAAAAAA=',
    ].join('');
    const content = 'AB-1,part '.repeat(16_000);
    const frame = Buffer.from(base64, 'base64');
    expect(Buffer.from(readLz4Frame(frame, 1e9)).toString()).toBe(content);
    expect(() => readLz4Frame(frame, 100_000)).toThrow('100,000 bytes');
    for (let length = 0; length < frame.length; length += 1) {
      expect(() => readLz4Frame(frame.subarray(0, length), 1e9)).toThrow('The LZ4 data are corrupt.');
    }
  });
});

describe('data are refused', () => {
  const stream = arrowOf([{ a: 'zzzz', b: 'y' }]);
  const reasonOf = (bytes: Uint8Array) =>
    readRows(arrow, bytes).then(
      () => undefined,
      (error: unknown) => error,
    );

  test.each([
    ['of Feather version 1', Buffer.from('FEA1....'), 'Feather version 1'],
    ['that go on behind their end', Buffer.concat([stream, Buffer.from('x')]), 'goes on behind its end'],
    ['without an end mark', stream.subarray(0, -8), 'end too early'],
    ['of a file without its footer', arrowOf([{ a: 'x' }], 'file').subarray(0, -1), 'its footer is missing'],
    [
      'with text that is none',
      Buffer.from(stream.toString('latin1').replace('zzzz', 'z\xffzz'), 'latin1'),
      'not valid UTF-8',
    ],
  ])('%s', async (_name, bytes, message) => {
    expect(await reasonOf(bytes)).toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('that claim to be enormous', async () => {
    expect(isLimitExceeded(await reasonOf(Buffer.from('ffffffffffffff7f', 'hex')))).toBe(true);
  });

  test('or read, with any byte changed: never is there another error, or no end', async () => {
    for (let at = 0; at < stream.length; at += 1) {
      const changed = Buffer.from(stream);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const error = await reasonOf(changed);
      if (error !== undefined && !(error instanceof AdpError && error.code === 'DATA_ERROR')) {
        throw new Error(`byte ${at}: ${error}`);
      }
    }
  });
});

test('a stream that comes byte by byte gives its rows', async () => {
  const rows = [];
  for await (const page of arrow.read(inChunks(arrowOf([{ a: 'x' }]), 1))) {
    rows.push(...page);
  }
  expect(valuesOf(rows)).toEqual([{ a: 'x' }]);
});
