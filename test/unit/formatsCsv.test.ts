import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { csv } from '../../shared/formats/csv.ts';
import { CsvReader } from '../../shared/formats/csvReader.ts';
import type { ReadOptions } from '../../shared/formats/format.ts';
import { cutAt, errorsOf, readPieces, readRows, valuesOf } from '../helpers/formatRows.ts';

const read = (text: string, options?: ReadOptions) => readRows(csv, text, options);

/** Each row as `line: its values joined by |`, or `line! raw`. */
async function shown(text: string, options?: ReadOptions): Promise<string[]> {
  const rows = await read(text, options);
  return rows.map((row) =>
    'values' in row ? `${row.row}: ${Object.values(row.values).join('|')}` : `${row.row}! ${row.raw}`,
  );
}

describe('rows that other programs write', () => {
  test.each<[string, string, string[]]>([
    ['LF', 'a,b\n1,2\n3,4\n', ['2: 1|2', '3: 3|4']],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n', ['2: 1|2', '3: 3|4']],
    ['CR', 'a,b\r1,2\r3,4\r', ['2: 1|2', '3: 3|4']],
    ['all three mixed', 'a,b\n1,2\r\n3,4\r5,6', ['2: 1|2', '3: 3|4', '4: 5|6']],
    ['no line end after the last row', 'a,b\n1,2', ['2: 1|2']],
    ['blank lines, which keep the numbers right', '\n\r\na,b\n\n1,2\n\r\n3,4\n\n', ['5: 1|2', '7: 3|4']],
    ['empty fields', 'a,b\n,\n1,\n,2\n"",""', ['2: |', '3: 1|', '4: |2', '5: |']],
    ['spaces, which are kept', 'a,b\n 1 ,  2', ['2:  1 |  2']],
    ['spaces between a closing quote and the delimiter', 'a,b\n"1"  ,"2" \n3,4', ['2: 1|2', '3: 3|4']],
    ['quotes within quotes', 'a,b\n"say ""hi""",""""', ['2: say "hi"|"']],
    ['delimiters within quotes', 'a,b\n"1,5","2,5"', ['2: 1,5|2,5']],
    [
      'line ends within quotes, all of which count as lines',
      'a,b\n"1\n2\r\n3\r4",x\n5,6',
      ['2: 1\n2\r\n3\r4|x', '6: 5|6'],
    ],
    ['a quote within a field that has none before', 'a,b\n3/4" pipe,5\'6"\n1,2', ['2: 3/4" pipe|5\'6"', '3: 1|2']],
    ['a header in quotes with a line end', '"a\nb","c"\n1,2', ['3: 1|2']],
    ['one column', 'a\n1\n\n"2"\n""\n', ['2: 1', '4: 2', '5: ']],
    ['semicolons and decimal commas', 'a;b\n1,5;2,5', ['2: 1,5|2,5']],
    ['tabs', 'a\tb, c\n1\t2', ['2: 1|2']],
    ['bars', 'a|b\n1|2', ['2: 1|2']],
    ['delimiters after a pair of quotes in a quoted name', '"a ""1,2,3"" b";c\n1;2', ['2: 1|2']],
    ['delimiters in a quoted name', '"a,b,c";d\n1;2', ['2: 1|2']],
    ['other characters beyond the first plane', 'a,b\n🛠,漢', ['2: 🛠|漢']],
  ])('%s', async (_name, text, expected) => {
    expect(await shown(text)).toEqual(expected);
  });

  test('a delimiter and a quote can be set', async () => {
    expect(await shown("a:b,c\n'1:5':'it''s'", { delimiter: ':', quote: "'" })).toEqual(["2: 1:5|it's"]);
    expect(valuesOf(await read('a,b;c\n1,2;3', { delimiter: ';' }))).toEqual([{ 'a,b': '1,2', c: '3' }]);
  });

  test.each([
    ['', '"'],
    [',,', '"'],
    ['\n', '"'],
    [',', ','],
  ])('a delimiter %j with the quote %j is refused', async (delimiter, quote) => {
    await expect(read('a,b\n', { delimiter, quote })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
});

describe('rows that are broken', () => {
  test.each<[string, string, string[]]>([
    ['too few fields', 'a,b\n1\n3,4', ['2! 1', '3: 3|4']],
    ['too many fields', 'a,b\n1,2,3\n3,4', ['2! 1,2,3', '3: 3|4']],
    ['too many fields over two lines', 'a,b\n"1\n2",2,3\r\n3,4', ['2! "1\n2",2,3', '4: 3|4']],
    ['a NUL', 'a,b\n1,\0\n3,4', ['2! 1,\0', '3: 3|4']],
    ['text after a closing quote', 'a,b\n"1"x,2\n3,4', ['2! "1"x,2', '3: 3|4']],
    ['an opening quote without a closing one', 'a,b\n"1,2\n3,4\n5,6', ['2! "1,2', '3: 3|4', '4: 5|6']],
    ['an opening quote that another row would close', 'a,b\n"1,2\n3,"4"\n5,6', ['2! "1,2', '3: 3|4', '4: 5|6']],
    ['an opening quote as the last character', 'a,b\n1,2\n3,"', ['2: 1|2', '3! 3,"']],
    [
      'a broken row over several lines, of which only the first is given up',
      'a,b\n"1\n3,4\n"x,5\n6,7',
      ['2! "1', '3: 3|4', '4! "x,5', '5: 6|7'],
    ],
  ])('%s', async (_name, text, expected) => {
    expect(await shown(text)).toEqual(expected);
  });

  test('say what is wrong, and show at most their first 2,000 characters', async () => {
    const long = 'x'.repeat(5_000);
    const errors = errorsOf(await read(`a,b\n1\n${long},2,3\n"1"x,2\n\0,1\n1,"open`));
    expect(errors.map(({ error }) => error)).toEqual([
      'The row has 1 fields, the header has 2.',
      'The row has 3 fields, the header has 2.',
      'There is text after the closing quote of field 1.',
      'The row has a NUL character.',
      'The quote that opens field 2 is never closed.',
    ]);
    expect(errors[1]?.raw).toBe(long.slice(0, 2_000));
  });

  test('a field that is too long fails its row, quoted or not', async () => {
    expect(await shown('a,b\n12345,"12345"\n123456,1\n1,"123456"\n1,2', { maxFieldLength: 7 })).toEqual([
      '2: 12345|12345',
      '3: 123456|1',
      '4! 1,"123456"',
      '5: 1|2',
    ]);
  });

  test('a line without end and a quote left open take no more memory than a row may', async () => {
    for (const endless of ['x'.repeat(1_000), ','.repeat(1_000), `1,"${'x'.repeat(1_000)}`]) {
      const reader = new CsvReader({ maxFieldLength: 10_000 });
      reader.push('a,b\n');
      const rows = [];
      let before = 0;
      for (let piece = 0; piece < 2_000; piece += 1) {
        rows.push(...reader.push(endless.replaceAll('"', piece === 0 ? '"' : ' ')));
        before = Math.max(before, rows.length);
      }
      rows.push(...reader.push('\n1,2\n'), ...reader.end());
      expect(before).toBe(1);
      expect(rows).toEqual([
        expect.objectContaining({ row: 2, error: expect.stringContaining('longer than 10000') }),
        { row: 3, values: { a: '1', b: '2' } },
      ]);
    }
  });
});

describe('headers that are refused as a whole', () => {
  test.each<[string, string, string]>([
    ['an empty name', 'a,,c\n1,2,3', 'no name for column 2'],
    ['a name of spaces', 'a, \n1,2', 'no name for column 2'],
    ['a repeated name', 'a,b,a\n1,2,3', 'columns 1 and 3 both "a"'],
    ['a NUL', 'a,b\0\n1,2', 'NUL'],
    ['a broken quote', '"a"x,b\n1,2', "header (line 1) can't be read"],
    ['nothing but blank lines', '\n\r\n\r', 'no header'],
  ])('%s', async (_name, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('a body that is one endless line', async () => {
    await expect(read('x'.repeat(3_000_000))).rejects.toThrow('Too large');
  });
});

describe('properties', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', ';', '\n', '\r', 'é', '1', '.'), maxLength: 6 });

  test('what papaparse writes comes back as it was, and as papaparse reads it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field, field), { maxLength: 8 }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (rows, delimiter, newline, quotes) => {
          const text = Papa.unparse({ fields: ['x', 'y', 'z'], data: rows }, { delimiter, newline, quotes });
          const read = valuesOf(await readRows(csv, text, quotes ? {} : { delimiter }));
          expect(read).toEqual(rows.map(([x, y, z]) => ({ x, y, z })));
          expect(read).toEqual(Papa.parse(text, { header: true, delimiter, newline, skipEmptyLines: true }).data);
        },
      ),
    );
  });

  const torn = fc.string({ unit: fc.constantFrom('a', 'b', '"', '"', ',', '\n', ' '), maxLength: 40 });

  test('any text that papaparse reads without complaint is read the same', () => {
    fc.assert(
      fc.property(torn, (text) => {
        const theirs = Papa.parse<string[]>(text, { delimiter: ',', newline: '\n', skipEmptyLines: true });
        fc.pre(theirs.errors.length === 0);
        const { rows } = readPieces(new CsvReader(), [`x,y\n${text}`]);
        expect(valuesOf(rows).map(({ x, y }) => [x, y])).toEqual(theirs.data.filter((row) => row.length === 2));
      }),
      { numRuns: 2_000 },
    );
  });

  test('the pieces in which a text comes never matter, whatever is wrong with it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '"', ',', '\n', '\r', ' ', '\0'), maxLength: 60 });
    fc.assert(
      fc.property(
        fc.constantFrom('x,y\n', 'x,y\r\n', '"x\r\n",y\r', ''),
        text,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom(2, 5, 9, 1_000),
        (header, body, places, maxFieldLength) => {
          const whole = readPieces(new CsvReader({ maxFieldLength }), [header + body]);
          expect(readPieces(new CsvReader({ maxFieldLength }), cutAt(header + body, places))).toEqual(whole);
          expect(readPieces(new CsvReader({ maxFieldLength }), header + body)).toEqual(whole);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('every line that is not blank is in a row, or in what a row shows as its raw text', () => {
    fc.assert(
      fc.property(torn, (text) => {
        const { rows } = readPieces(new CsvReader(), [`x,y\n${text}`]);
        const letters = (of: string) => of.replaceAll(/[^ab]/g, '').length;
        const seen = rows.map((row) => ('values' in row ? Object.values(row.values).join('') : row.raw)).join('');
        expect(letters(seen)).toBe(letters(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
