import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { gunzip } from '../../shared/formats/gunzip.ts';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { type OpenOptions, openFile } from '../../shared/formats/openFile.ts';
import { heldBytes, toStream } from '../../shared/formats/randomAccess.ts';
import { readZipMember, readZipMembers } from '../../shared/formats/zip.ts';
import { arrowOf, parquetOf } from '../helpers/binaryFiles.ts';
import { inChunks, valuesOf } from '../helpers/formatRows.ts';
import { textWorkbook } from '../helpers/xlsxOf.ts';
import { type ZipShape, zipOf } from '../helpers/zipOf.ts';

const rows = [{ a: '1', b: 'x' }];
const csvText = Buffer.from('a,b\n1,x\n');

async function open(name: string, data: Uint8Array, options?: OpenOptions) {
  const { format, source, packing } = await openFile(name, heldBytes(data), options);
  const read = [];
  for await (const page of format.read(source)) {
    read.push(...page);
  }
  return { format: format.name, packing, values: valuesOf(read) };
}

const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('a file is recognized', () => {
  test.each([
    ['acme_part.CSV', csvText, 'csv', 'none'],
    ['acme_part.tsv', Buffer.from('a\tb\n1\tx\n'), 'csv', 'none'],
    ['acme_part.txt', Buffer.from('a|b\n1|x\n'), 'csv', 'none'],
    ['acme_part.csv.gz', gzipSync(csvText), 'csv', 'gzip'],
    ['acme_part.csv', gzipSync(csvText), 'csv', 'gzip'],
    ['acme_part.zip', zipOf([{ name: 'folder/part.csv', data: csvText }]), 'csv', 'zip'],
    ['acme_part.csv.zip', zipOf([{ name: 'EXPORT.DAT', data: csvText }]), 'csv', 'zip'],
    ['acme_part.gz', gzipSync('{"a":"1","b":"x"}\n'), 'ndjson', 'gzip'],
    ['acme_part', Buffer.from('  [{"a":"1","b":"x"}]'), 'json', 'none'],
    ['acme_part', Buffer.from('{"records":[{"a":"1","b":"x"}]}\n'), 'json', 'none'],
    ['acme_part.dat', Buffer.from('\uFEFF<r><p><a>1</a><b>x</b></p></r>'), 'xml', 'none'],
    ['acme_part', Buffer.from('\uFEFF<r><p><a>1</a><b>x</b></p></r>', 'utf16le'), 'xml', 'none'],
    ['acme_part', parquetOf(rows), 'parquet', 'none'],
    ['acme_part', arrowOf(rows), 'arrow', 'none'],
    ['acme_part', arrowOf(rows, 'file'), 'arrow', 'none'],
    ['acme_part', textWorkbook(rows), 'xlsx', 'none'],
    ['acme_part.parquet.gz', gzipSync(parquetOf(rows)), 'parquet', 'gzip'],
    ['acme_part.xlsx.zip', zipOf([{ name: 'part.xlsx', data: textWorkbook(rows) }]), 'xlsx', 'zip'],
  ])('%s', async (name, data, format, packing) => {
    expect(await open(name, data)).toEqual({ format, packing, values: rows });
  });

  test.each(['PK;b\n1;x\n', 'PK\tb\n1\tx\n', 'PK\n1\n', 'PK'])('as CSV whose first column is PK: %j', async (text) => {
    const { format, packing } = await open('acme_part.csv', Buffer.from(text));
    expect({ format, packing }).toEqual({ format: 'csv', packing: 'none' });
  });

  test('by the format that the source says it has', async () => {
    expect(await open('export.001', csvText, { format: 'csv' })).toMatchObject({ format: 'csv', values: rows });
  });

  test.each([
    ['acme_part.pdf', Buffer.from('%PDF-1.7'), 'of no known kind; known are parquet'],
    ['acme_part.csv', parquetOf(rows), 'should be csv, but holds parquet'],
    ['acme_part.csv', textWorkbook(rows), 'should be csv, but holds xlsx'],
    ['acme_part.parquet', csvText, 'should be parquet, but does not begin as parquet does'],
    ['acme_part.xlsx', Buffer.from('\xd0\xcf\x11\xe0', 'latin1'), 'should be xlsx'],
    ['acme_part.csv.gz', csvText, 'is named .gz, but'],
    ['acme_part.csv.ZIP', csvText, 'is named .ZIP, but'],
    ['acme_part.csv.zip', zipOf([]), 'The zip has 0 members'],
    ['acme_part.csv.gz', gzipSync(gzipSync(csvText)), 'packed twice'],
  ])('but not %s with other content', async (name, data, message) => {
    await expect(open(name, data)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringMatching(message),
    });
  });

  test('and the source is closed where it is not', async () => {
    let isClosed = false;
    async function* watched() {
      try {
        yield* inChunks(Buffer.alloc(100_000, 'x'), 5_000);
      } finally {
        isClosed = true;
      }
    }
    await expect(openFile('acme_part.pdf', watched())).rejects.toThrow('no known kind');
    expect(isClosed).toBe(true);
  });
});

describe('a zip', () => {
  const data = Buffer.from('part,stock\nAB-1,3\n'.repeat(1_000));
  const unpacked = async (zip: Uint8Array, maxBytes = 1e9) => {
    const file = heldBytes(zip);
    const [member] = await readZipMembers(file);
    const chunks: Uint8Array[] = [];
    if (member) {
      for await (const chunk of readZipMember(file, member, { maxBytes, maxRatio: 250 })) {
        chunks.push(chunk);
      }
    }
    return Buffer.concat(chunks);
  };

  test.each<[string, ZipShape]>([
    ['as usual', {}],
    ['with 64-bit sizes', { isZip64: true }],
    ['with a comment that looks like its end', { comment: 'PK\x05\x06'.repeat(10) }],
    ['written to a pipe', { hasDescriptors: true }],
  ])('is unpacked: %s', async (_name, shape) => {
    expect(await unpacked(zipOf([{ name: 'a', data }], shape))).toEqual(data);
    expect(await unpacked(zipOf([{ name: 'a', data, isStored: true }], shape))).toEqual(data);
  });

  test('with folders and what macOS adds is a zip of one member', async () => {
    const zip = zipOf([
      { name: 'x/', data: Buffer.alloc(0) },
      { name: 'x/part.csv', data: csvText },
      { name: '__MACOSX/x/._part.csv', data: csvText },
    ]);
    expect(await open('acme_part.zip', zip)).toMatchObject({ values: rows });
  });

  test.each([
    [
      'of two members',
      zipOf([
        { name: 'a.csv', data },
        { name: 'b.csv', data },
      ]),
      'has 2 members; exactly one',
    ],
    ['that is encrypted', zipOf([{ name: 'a.csv', data, isEncrypted: true }]), 'encrypted'],
    ['that is packed otherwise', zipOf([{ name: 'a.csv', data, method: 12 }]), 'method 12'],
    ['with a wrong checksum', zipOf([{ name: 'a.csv', data, crc: 1 }]), 'corrupt'],
    ['with a wrong size', zipOf([{ name: 'a.csv', data, size: 17 }]), 'corrupt'],
  ])('%s is refused', async (_name, zip, message) => {
    await expect(open('acme_part.zip', zip)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('that was cut short is refused, at any place', async () => {
    for (const shape of [{}, { isZip64: true }]) {
      const zip = zipOf([{ name: 'a.csv', data: csvText }], shape);
      for (let length = 4; length < zip.length; length += 1) {
        await expect(open('acme_part.zip', zip.subarray(0, length))).rejects.toMatchObject({ code: 'DATA_ERROR' });
      }
    }
  });

  test('with any byte changed gives the same bytes or an error, never others', async () => {
    const zip = zipOf([{ name: 'a.csv', data: csvText }], { isZip64: true });
    for (let at = 0; at < zip.length; at += 1) {
      for (const bit of [1, 0x80, 0xff]) {
        const changed = Buffer.from(zip);
        changed[at] = (changed[at] ?? 0) ^ bit;
        const outcome = await unpacked(changed).catch((error: unknown) => error);
        if (!(outcome instanceof Buffer)) expect(outcome).toMatchObject({ code: 'DATA_ERROR' });
        else if (outcome.length > 0) expect(outcome).toEqual(csvText);
      }
    }
  });
});

describe('a bomb', () => {
  const zeros = Buffer.alloc(40 * 1024 * 1024);

  test('is refused by how much it grows', async () => {
    expect(isLimitExceeded(await reasonOf(open('acme_part.csv.gz', gzipSync(zeros))))).toBe(true);
    const zip = zipOf([{ name: 'a.csv', data: zeros }]);
    expect(isLimitExceeded(await reasonOf(open('acme_part.zip', zip)))).toBe(true);
  });

  test('is refused by its size, whatever it says of it', async () => {
    const zip = zipOf([{ name: 'a.csv', data: zeros, size: 5 }]);
    expect(isLimitExceeded(await reasonOf(open('acme_part.zip', zip, { maxBytes: 1_000 })))).toBe(true);
    const stored = zipOf([{ name: 'a.csv', data: zeros, isStored: true }]);
    expect(isLimitExceeded(await reasonOf(open('acme_part.zip', stored, { maxBytes: 1_000 })))).toBe(true);
  });

  test('is no table that packs well', async () => {
    const table = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => `AB-${at},0,0,EUR\n`).join(''));
    expect(deflateRawSync(table).length * 100).toBeGreaterThan(table.length);
    let bytes = 0;
    for await (const chunk of gunzip(toStream(heldBytes(gzipSync(table))), { maxBytes: 1e9, maxRatio: 250 })) {
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(table.length);
  });
});
