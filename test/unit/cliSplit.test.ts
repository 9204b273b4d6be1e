import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import type { Batch } from '../../cli/push/batch.ts';
import { fileKindOf } from '../../cli/push/fileKind.ts';
import { readText } from '../../cli/push/readText.ts';
import { splitCsv } from '../../cli/push/splitCsv.ts';
import { splitNdjson } from '../../cli/push/splitNdjson.ts';
import { wholeFile } from '../../cli/push/wholeFile.ts';
import { csv } from '../../shared/formats/csv.ts';

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size);
}

async function* one(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function linesOf(batch: Batch | undefined): (number | undefined)[] {
  return Array.from({ length: batch?.rows ?? 0 }, (_, row) => batch?.lineOf(row));
}

describe('NDJSON', () => {
  test('is cut after so many rows, blank lines aside, and every row knows its line', async () => {
    const text = '{"a":1}\n\n{"a":2}\r\n{"a":3}\n   \n{"a":4}';
    for (const size of [1, 3, text.length]) {
      const batches = await collect(splitNdjson(inPieces(text, size), 2));
      expect(batches.map(({ index, body, rows }) => ({ index, body, rows }))).toEqual([
        { index: 0, body: '{"a":1}\n{"a":2}\r\n', rows: 2 },
        { index: 1, body: '{"a":3}\n{"a":4}\n', rows: 2 },
      ]);
      expect(batches.map(linesOf)).toEqual([
        [1, 3],
        [4, 6],
      ]);
    }
  });

  test('is cut before a batch grows too large', async () => {
    const row = `{"a":"${'x'.repeat(90)}"}\n`;
    const batches = await collect(splitNdjson(inPieces(row.repeat(10), 64), 1000, 250));
    expect(batches.map(({ rows }) => rows)).toEqual([2, 2, 2, 2, 2]);
  });

  test('without a row is no batch', async () => {
    expect(await collect(splitNdjson(inPieces('\n\n', 1), 10))).toEqual([]);
  });
});

describe('CSV', () => {
  test('repeats the header, leaves line breaks within quotes alone, and every row knows its line', async () => {
    const text = 'id;note\r\n1;"two\r\nlines; and ""quotes"""\r\n\r\n2;plain\r\n3;"end"';
    for (const size of [1, 2, 5, text.length]) {
      const batches = await collect(splitCsv(inPieces(text, size), 2));
      expect(batches.map(({ body, rows }) => ({ body, rows }))).toEqual([
        { body: 'id;note\r\n1;"two\r\nlines; and ""quotes"""\r\n2;plain\r\n', rows: 2 },
        { body: 'id;note\r\n3;"end"\r\n', rows: 1 },
      ]);
      expect(batches.map(linesOf)).toEqual([[2, 5], [6]]);
    }
  });

  test('with a header only is no batch', async () => {
    expect(await collect(splitCsv(inPieces('a,b\n', 1), 10))).toEqual([]);
    expect(await collect(splitCsv(inPieces('a,b', 1), 10))).toEqual([]);
  });

  test('with a quote that is never closed gives up that line only, as the hub will', async () => {
    const batches = await collect(splitCsv(inPieces('a,b\n1,2\n3,"x\n4,5\n', 4), 10));
    expect(batches.map(({ body }) => body)).toEqual(['a,b\n1,2\n3,"x\n4,5\n']);
    expect(batches.map(linesOf)).toEqual([[2, 3, 4]]);
  });

  test('may have empty lines before its header, and line ends of all kinds', async () => {
    const text = '\r\n\na|b\r1|2\n3|4\r\n   |\n';
    for (const size of [1, 4, text.length]) {
      const batches = await collect(splitCsv(inPieces(text, size), 2));
      expect(batches.map(({ body }) => body)).toEqual(['a|b\r1|2\n3|4\r\n', 'a|b\r   |\n']);
      expect(batches.map(linesOf)).toEqual([[4, 5], [6]]);
    }
  });

  test('cut anywhere is what papaparse reads of the whole', async () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('', 'a"b', 'line\nbreak', 'cr\r\nlf', ';', ',', ' padded '));
    const table = fc.record({
      rows: fc.array(fc.tuple(fc.constant('k'), cell, cell), { minLength: 1, maxLength: 12 }),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      newline: fc.constantFrom('\n', '\r\n'),
      size: fc.integer({ min: 1, max: 40 }),
      rowsPerBatch: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(table, async ({ rows, delimiter, newline, size, rowsPerBatch }) => {
        const text = Papa.unparse([['id', 'b', 'c'], ...rows], { delimiter, newline, quotes: [false, true, false] });
        const batches = await collect(splitCsv(inPieces(text, size), rowsPerBatch));
        const read = batches.flatMap(({ body }) => {
          const parsed = Papa.parse<string[]>(body, { delimiter, newline, skipEmptyLines: true }).data;
          expect(parsed[0]).toEqual(['id', 'b', 'c']);
          expect(parsed.length - 1).toBeLessThanOrEqual(rowsPerBatch);
          return parsed.slice(1);
        });
        expect(read).toEqual(rows.map((row) => [...row]));
      }),
      { numRuns: 300 },
    );
  });
});

describe('what the hub reads of the batches', () => {
  const rowsOf = async (text: string): Promise<unknown[]> => {
    const rows: unknown[] = [];
    const bytes = one(Buffer.from(text));
    for await (const some of csv.read(bytes)) rows.push(...some.map((row) => ('error' in row ? row.raw : row.values)));
    return rows;
  };

  test('is what it would read of the whole file, good rows and bad', async () => {
    const piece = fc.constantFrom(
      'a',
      ',',
      ',',
      '"',
      '""',
      '\n',
      '\n',
      '\r\n',
      '\r',
      'b c',
      ' ',
      ';',
      '"x"',
      '1,2\n',
      '"p\nq",r\n',
    );
    const file = fc.record({
      text: fc.array(piece, { maxLength: 40 }).map((pieces) => `id,name\n${pieces.join('')}`),
      size: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(file, async ({ text, size }) => {
        const batches = await collect(splitCsv(inPieces(text, size), 1));
        const read = (await Promise.all(batches.map(({ body }) => rowsOf(body)))).flat();
        expect(read).toEqual(await rowsOf(text));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what goes whole', () => {
  test('stays to the letter', async () => {
    const [batch, ...more] = await collect(wholeFile(inPieces('[{"a":1}]', 2), 'x.json'));
    expect(more).toEqual([]);
    expect(batch).toMatchObject({ index: 0, body: '[{"a":1}]', rows: undefined });
  });

  test('is refused over 32 MiB, with what to do', async () => {
    const large = inPieces(' '.repeat(33 * 1024 * 1024), 1024 * 1024);
    await expect(collect(wholeFile(large, 'x.xml'))).rejects.toThrow(/x\.xml is over 32 MiB.*NDJSON or CSV/);
  });
});

describe('text', () => {
  test('is unpacked, loses its byte order mark, and characters cut in two are whole', async () => {
    const bytes = Buffer.from('\ufeffMüller – €', 'utf8');
    expect((await collect(readText(one(bytes, 1), false, 'x'))).join('')).toBe('Müller – €');
    expect((await collect(readText(one(gzipSync(bytes), 3), true, 'x'))).join('')).toBe('Müller – €');
  });

  test.each([
    ['another encoding', Buffer.from([0x4d, 0xfc, 0x6c]), false, /x is not UTF-8/],
    ['truncated gzip', gzipSync('text '.repeat(99)).subarray(0, 20), true, /^x: .*end/],
    ['no gzip', Buffer.from('plain'), true, /^x: .*(corrupt|incorrect)/],
  ])('%s is refused', async (_, bytes, gzip, message) => {
    await expect(collect(readText(one(bytes), gzip, 'x'))).rejects.toThrow(message);
  });
});

test.each([
  ['a/b.c/orders.CSV.gz', undefined, { format: 'csv', gzip: true }],
  ['parts.jsonl', undefined, { format: 'ndjson', gzip: false }],
  ['export', 'json.gz', { format: 'json', gzip: true }],
  ['-', 'xml', { format: 'xml', gzip: false }],
])('%s (--type %s) is known', (file, type, kind) => {
  expect(fileKindOf(file, type)).toEqual(kind);
});
