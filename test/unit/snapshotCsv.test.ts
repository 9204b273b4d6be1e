import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { csv } from '../../shared/formats/csv.ts';
import { readRows, valuesOf } from '../helpers/formatRows.ts';
import { cutRows, kernels } from '../helpers/snapshot.ts';

const spectrum = join('node_modules', 'csv-spectrum');
const chunkSizes = [1, 2, 3, 7, 63, 64, 65, 200, 100_000];

describe.each(kernels)('the kernel in %s', (_name, kernel) => {
  const names = readdirSync(join(spectrum, 'csvs')).map((file) => file.replace(/\.csv$/, ''));
  test.each(names.map((name) => [name]))('reads csv-spectrum: %s', async (name) => {
    const bytes = readFileSync(join(spectrum, 'csvs', `${name}.csv`));
    // The expected rows of location_coordinates are not those of its file.
    const expected: unknown =
      name === 'location_coordinates'
        ? valuesOf(await readRows(csv, bytes))
        : JSON.parse(readFileSync(join(spectrum, 'json', `${name}.json`), 'utf8'));
    for (const size of chunkSizes) {
      expect(valuesOf(await cutRows(kernel(), bytes, {}, size))).toEqual(expected);
    }
  });

  test.each<[string, string]>([
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR', 'a,b\r1,2\r3,4\r'],
    ['all three mixed', 'a,b\n1,2\r\n3,4\r5,6'],
    ['a byte order mark', '\ufeffa,b\r\n1,2'],
    ['a byte order mark before a quote', '\ufeff"a",b\n1,2'],
    ['blank lines', '\n\r\na,b\n\n1,2\n\r\n3,4\n\n\r\r\n5,6'],
    ['empty fields', 'a,b\n,\n1,\n,2\n"",""\n"",\n'],
    ['an empty field in quotes as the only one', 'a\n""\n\n1'],
    ['spaces', 'a,b\n 1 ,  2\n "3" ,4'],
    ['spaces after a closing quote', 'a,b\n"1"  ,"2" \n3,4'],
    ['a tab after a closing quote', 'a,b\n"1"\t,2\n3,4'],
    ['quotes within quotes', 'a,b\n"say ""hi""",""""\n"""",""""""'],
    ['delimiters and line ends within quotes', 'a,b\n"1,5","2\n3\r\n4\r5"\n6,7'],
    ['lone quotes', 'a,b\n3/4" pipe,5\'6"\n"x"" y",z"\n1,2'],
    ['too few and too many fields', 'a,b\n1\n1,2,3\n"1\n2",2,3\n3,4\n1,2,3,4,5,6'],
    ['NUL', 'a,b\n1,\0\n\0,1\n3,4\n"5","\0"\n6'],
    ['text after a closing quote', 'a,b\n"1"x,2\n3,"4"y\n5,6'],
    ['a quote that is never closed', 'a,b\n1,2\n"3,4\n5,6\n7,8'],
    ['a quote that another row would close', 'a,b\n"1,2\n3,"4"\n5,6'],
    ['broken rows over several lines', 'a,b\n"1\n3,4\n"x,5\n6,7\n"8\r\n9'],
    ['an opening quote as the last character', 'a,b\n1,2\n3,"'],
    ['a delimiter as the last character', 'a,b\n1,2\n"3",'],
    ['a CR as the last character', 'a,b\n"1",2\r'],
    ['a header alone', 'a,b'],
    ['a header in quotes over two lines', '"a\r\nb",c\n1,2'],
    ['characters of two, three and four bytes', 'a,b\né,漢\n"🛠","é""漢"\n'],
    ['rows that end where 64 bytes do', `a,b\n${'x'.repeat(58)},\n${'y'.repeat(61)},2\n"${'z'.repeat(59)}",3\r\n1,2`],
  ])('reads %s as our reader does', async (_what, text) => {
    const expected = await readRows(csv, text);
    for (const size of chunkSizes) {
      expect(await cutRows(kernel(), text, {}, size)).toEqual(expected);
    }
  });

  test('gives up a row that is too long, and only that', async () => {
    const long = 'x'.repeat(500);
    const text = `a,b\n1,2\n${long},3\n4,"${long}"\n5,6\n7,"${long}\n8,9\n`;
    for (const size of chunkSizes) {
      const rows = await cutRows(kernel(), text, {}, size, 300);
      expect(rows.map((row) => ('values' in row ? Object.values(row.values).join() : row.error))).toEqual([
        '1,2',
        'The row is longer than 300 bytes.',
        'The row is longer than 300 bytes.',
        '5,6',
        expect.stringMatching(/longer than 300|never closed/),
        '8,9',
      ]);
    }
  });

  test.each([
    ['', 'no header'],
    ['\ufeff\r\n\n', 'no header'],
    ['a,,c\n1,2,3', 'no name for column 2'],
    ['a,a\n1,2', 'both "a"'],
    ['"a"x,b\n1,2', "can't be read"],
  ])('refuses the header of %j', async (text, message) => {
    await expect(cutRows(kernel(), text)).rejects.toThrow(message);
  });

  test.each([
    [Buffer.from([0x61, 0x0a, 0x31, 0xff, 0x32]), 3],
    [Buffer.from([0x61, 0x0a, 0xc3]), 2],
    [Buffer.from([0x61, 0x0a, 0xe6, 0xbc, 0x0a]), 2],
    [Buffer.from([0xff, 0xfe, 0x61, 0x00]), 0],
  ])('says where bytes are not UTF-8: %j', async (bytes, position) => {
    for (const size of [1, 2, 3, 100]) {
      await expect(cutRows(kernel(), bytes, {}, size)).rejects.toMatchObject({
        code: 'DATA_ERROR',
        disposition: 'park',
        message: expect.stringContaining(`byte ${position} `),
      });
    }
  });

  const noise = fc.array(
    fc.constantFrom(
      '"',
      '"',
      '""',
      ',',
      ',',
      ';',
      '\t',
      "'",
      '\n',
      '\r',
      '\r\n',
      ' ',
      'ab',
      'é',
      '🛠',
      '\0',
      'x'.repeat(40),
    ),
    { maxLength: 80 },
  );
  const dialect = fc.record({ delimiter: fc.constantFrom(',', ';', '\t', ' ', '|'), quote: fc.constantFrom('"', "'") });

  test('reads any noise as our reader does, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(noise, dialect, fc.constantFrom(...chunkSizes), async (pieces, options, size) => {
        const text = `a${options.delimiter}b${options.delimiter}c\n${pieces.join('')}`;
        expect(await cutRows(kernel(), text, options, size)).toEqual(await readRows(csv, text, options));
      }),
      { numRuns: 800 },
    );
  });

  test('reads what papaparse writes as papaparse reads it', async () => {
    const field = fc
      .array(fc.constantFrom('a', ' ', '"', ',', ';', '\n', '\r', 'é', '1', '.', '\t'), { maxLength: 6 })
      .map((parts) => parts.join(''));
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((columns) =>
        fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 12 }),
      );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.constantFrom(...chunkSizes),
        async (rows, delimiter, newline, quotes, size) => {
          const names = (rows[0] ?? []).map((_, column) => `c${column}`);
          const text = Papa.unparse([names, ...rows], { delimiter, newline, quotes });
          const papa = Papa.parse<string[]>(text, { delimiter, newline, skipEmptyLines: true }).data.slice(1);
          const ours = await cutRows(kernel(), text, { delimiter }, size);
          // A row of one empty field is a blank line to both unless it is quoted.
          const read = ours.map((row) => ('values' in row ? Object.values(row.values) : row.error));
          const isKept = (row: unknown) => JSON.stringify(row) !== '[""]';
          expect(read.filter(isKept)).toEqual(papa.filter(isKept));
        },
      ),
      { numRuns: 300 },
    );
  });
});
