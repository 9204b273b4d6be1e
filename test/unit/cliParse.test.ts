import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode } from 'iconv-lite';
import { parquetOf } from '../helpers/binaryFiles.ts';
import { runAdp } from '../helpers/runAdp.ts';
import { textWorkbook } from '../helpers/xlsxOf.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'adp-parse-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

async function parse(name: string, data: Uint8Array | string, ...options: string[]) {
  await writeFile(join(cwd, name), data);
  return await runAdp(['parse', name, ...options], { cwd });
}

describe('adp parse', () => {
  test('shows what the file was taken for, its first rows, and what is wrong with others', async () => {
    const text = 'Teil;Größe\nA-1;"10\n20"\nA-2\nA-3;ß\n';
    const { code, stdout, stderr } = await parse(
      'stock.csv.gz',
      gzipSync(encode(text, 'cp1252')),
      '--encoding',
      'cp1252',
    );
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'stock.csv.gz: csv, packed by gzip, windows-1252, delimiter ";", quote "',
      '2 columns: Teil, Größe',
      '',
      'row  Teil  Größe',
      '  2  A-1   10⏎20',
      '  5  A-3   ß',
      'row 4: The row has 1 fields, the header has 2.  A-2',
      '',
      "3 rows, 1 of them can't be read",
      '',
    ]);
    expect(code).toBe(1);
  });

  test('stops after the rows that were asked for, unless it is to count', async () => {
    const lines = `${Array.from({ length: 30 }, (_, index) => `{"n":${index}.50}`).join('\n')}\n`;
    const first = await parse('rows.ndjson', lines, '--rows', '2');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('  2  1.50\n\nthe first 2 rows\n');
    expect((await parse('rows.ndjson', lines, '--rows', '2', '--count')).stdout).toContain('\n\n30 rows\n');
  });

  test('finds bad rows anywhere, where it is to count', async () => {
    const text = `n,m\n${'1,2\n'.repeat(40)}1\n2\n3\n`;
    expect((await parse('late.csv', text)).code).toBe(0);
    const { code, stdout } = await parse('late.csv', text, '--count', '--rows', '2');
    expect(stdout.split('\n').slice(3)).toEqual([
      'row  n  m',
      '  2  1  2',
      '  3  1  2',
      'row 42: The row has 1 fields, the header has 2.  1',
      'row 43: The row has 1 fields, the header has 2.  2',
      '',
      "43 rows, 3 of them can't be read",
      '',
    ]);
    expect(code).toBe(1);
  });

  test('prints JSON with numbers as they were written', async () => {
    const { code, stdout } = await parse(
      'rows.json',
      '{"data":{"items":[{"n":10.50}, 5]}}',
      '--path',
      'data.items',
      '--json',
    );
    expect(stdout).toContain('"n": 10.50');
    expect(JSON.parse(stdout)).toEqual({
      file: 'rows.json',
      format: 'json',
      encoding: 'utf-8',
      path: 'data.items',
      packing: 'none',
      columns: null,
      rows: [
        { row: 1, values: { n: 10.5 } },
        { row: 2, error: 'A row must be an object; this is a number.', raw: '5' },
      ],
      count: { rows: 2, bad: 1 },
    });
    expect(code).toBe(1);
  });

  test('reads files that are no text, a sheet by its number, XML by its element, and standard input', async () => {
    const rows = [{ part: 'AB-1' }];
    expect((await parse('a.parquet', parquetOf(rows))).stdout).toContain('a.parquet: parquet\n1 column: part\n');
    expect((await parse('a.xlsx', textWorkbook(rows), '--sheet', '1')).stdout).toContain('a.xlsx: xlsx, sheet "Parts"');
    const xml = '<f><list><p><a>1</a></p></list></f>';
    expect((await parse('a.xml', xml, '--element', 'p')).stdout).toContain('row  a\n  1  1\n');
    const piped = await runAdp(['parse', '-', '--format', 'tsv', '--delimiter', '\\t'], { stdin: 'a\tb\n1\t2\n' });
    expect(piped.stdout).toContain('-: csv, utf-8, delimiter "\\t", quote "');
  });

  test('says what is wrong with a file as a whole', async () => {
    const broken = await parse('a.csv', Buffer.from([0x61, 0x0a, 0xff]));
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr).toContain('not valid UTF-8: byte 2');
    expect((await runAdp(['parse', 'none.csv'], { cwd })).stderr).toContain('there is no file');
    expect((await runAdp(['parse', '.'], { cwd })).stderr).toContain('is not a file');
    const unknown = await parse('a.csv', 'a\n1', '--format', 'pdf');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('--format pdf is not known') });
  });
});
