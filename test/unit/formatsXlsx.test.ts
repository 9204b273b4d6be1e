import { describe, expect, test } from '@jest/globals';
import readExcelFile from 'read-excel-file/node';
import writeExcelFile from 'write-excel-file/node';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { xlsx } from '../../shared/formats/xlsx.ts';
import { serialText, styleOf } from '../../shared/formats/xlsxStyle.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { readRows, valuesOf } from '../helpers/formatRows.ts';
import { type XlsxShape, xlsxOf } from '../helpers/xlsxOf.ts';
import { zipOf } from '../helpers/zipOf.ts';

const header = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>';

/** The value of a cell under the column `a`. */
async function cellValue(cell: string, shape: Partial<XlsxShape> = {}): Promise<unknown> {
  const sheets = { One: `${header}<row r="2">${cell}</row>` };
  const [row] = await readRows(xlsx, xlsxOf({ sheets, ...shape }));
  return row && 'values' in row ? row.values.a : row;
}

describe('a cell', () => {
  test.each([
    ['<c r="A2"><v>10.5</v></c>', 10.5],
    ['<c r="A2"><v>10.50</v></c>', new NumberLiteral('10.50')],
    ['<c r="A2" t="n"><v>1E-3</v></c>', new NumberLiteral('1E-3')],
    ['<c r="A2"><v>12345678901234567</v></c>', new NumberLiteral('12345678901234567')],
    // As Excel writes what was typed as 19.99, 0.1, -4.35 and 0.00001.
    ['<c r="A2"><v>19.989999999999998</v></c>', 19.99],
    ['<c r="A2"><v>0.10000000000000001</v></c>', 0.1],
    ['<c r="A2"><v>-4.3499999999999996</v></c>', -4.35],
    ['<c r="A2"><v>1.0000000000000001E-5</v></c>', 0.00001],
    // As Excel writes none: it is exact.
    ['<c r="A2"><v>19.999999999999999999</v></c>', new NumberLiteral('19.999999999999999999')],
    ['<c r="A2"><v>1234567890123456.25</v></c>', new NumberLiteral('1234567890123456.25')],
    ['<c r="A2" t="b"><v>1</v></c>', true],
    ['<c r="A2" t="b"><v>0</v></c>', false],
    ['<c r="A2" t="s"><v>1</v></c>', 'two runs'],
    ['<c r="A2" t="s"><v>2</v></c>', 'line\r\nend_x'],
    ['<c r="A2" t="s"><v>3</v></c>', '東京'],
    ['<c r="A2" t="inlineStr"><is><r><t> in</t></r><r><t>line </t></r></is></c>', ' inline '],
    ['<c r="A2" t="str"><f>A1&amp;"x"</f><v>ax</v></c>', 'ax'],
    ['<c r="A2"><f>1+1</f><v>2</v></c>', 2],
    ['<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', '#DIV/0!'],
    ['<c r="A2" t="d"><v>2024-02-29T12:00:00</v></c>', '2024-02-29T12:00:00'],
    ['<c r="A2" s="1"><v>45351</v></c>', '2024-02-29'],
    ['<c r="A2" s="1"><v>45351.5</v></c>', '2024-02-29T12:00:00'],
    ['<c r="A2" s="2"><v>45790.500011574076</v></c>', '2025-05-13T12:00:01'],
    ['<c><v>1</v></c>', 1],
  ])('%s', async (cell, value) => {
    const sharedTexts = [
      '<si><t>x</t></si>',
      '<si><r><t>two </t></r><r><rPr/><t>runs</t></r></si>',
      '<si><t>line_x000D_\nend_x005F_x</t></si>'.replace('_x005F_x', '_x'),
      '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>',
    ];
    const formats = ['yyyy\\-mm\\-dd', 'dd/mm/yyyy hh:mm'];
    expect(await cellValue(cell, { sharedTexts, formats })).toEqual(value);
  });

  test('that is empty, or within merged ones, is null; a row without any value is none', async () => {
    const rows = '<row r="2"><c r="A2"/><c r="B2"><v>1</v></c></row><row r="3"><c r="A3" s="1"/></row><row r="9"/>';
    const names = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>';
    expect(await readRows(xlsx, xlsxOf({ sheets: { One: names + rows } }))).toEqual([
      { row: 2, values: { a: null, b: 1 } },
    ]);
  });

  test('with a formula that was never computed fails its row', async () => {
    expect(await cellValue('<c r="A2"><f>1+1</f></c>')).toEqual({
      row: 2,
      error: expect.stringContaining('The formula in A2 has no stored result'),
      raw: '',
    });
  });

  test('in a column without a name fails its row', async () => {
    expect(await cellValue('<c r="A2"><v>1</v></c><c r="C2"><v>2</v></c>')).toEqual({
      row: 2,
      error: 'Column 3 has a value, but no name.',
      raw: '1\t\t2',
    });
  });
});

describe('dates', () => {
  test.each([
    ['General', 'number'],
    ['0.00E+00', 'number'],
    ['#,##0.00 "days"', 'number'],
    ['[Red]0.00;[Blue]-0.00', 'number'],
    ['yyyy-mm-dd', 'date'],
    ['[$-407]d. mmmm yyyy;@', 'date'],
    ['mmm', 'date'],
    ['dd/mm/yy\\ hh:mm', 'date and time'],
    ['h:mm AM/PM', 'time'],
    ['mm:ss.0', 'time'],
    ['[h]:mm:ss', 'elapsed time'],
  ])('%s is the format of a %s', (code, style) => {
    expect(styleOf(code)).toBe(style);
  });

  test.each([
    [1, false, '1900-01-01'],
    [59, false, '1900-02-28'],
    [61, false, '1900-03-01'],
    [45_351, false, '2024-02-29'],
    [43_889, true, '2024-02-29'],
    [2_958_465, false, '9999-12-31'],
  ])('%d is a day', (serial, isFrom1904, day) => {
    expect(serialText(serial, 'date', isFrom1904)).toBe(day);
  });

  test('are what they show, and more where there is more', () => {
    expect(serialText(0.75, 'time', false)).toBe('18:00:00');
    expect(serialText(1.5, 'elapsed time', false)).toBe('36:00:00');
    expect(serialText(45_351, 'date and time', false)).toBe('2024-02-29T00:00:00');
    expect(serialText(45_351.999_999_999_9, 'date', false)).toBe('2024-03-01');
    expect(serialText(-1, 'date', false)).toBeUndefined();
  });
});

describe('a sheet', () => {
  const sheets = {
    One: header,
    'Zwei & drei':
      '<row><c t="str"><v>Title</v></c></row><row r="4"><c r="B4" t="str"><v>b</v></c></row><row r="5"><c r="B5"><v>1</v></c></row>',
  };
  const file = xlsxOf({ sheets: { One: sheets.One, 'Zwei &amp; drei': sheets['Zwei & drei'] } });

  test('is chosen by its name or number, and the header by its row', async () => {
    expect(await readRows(xlsx, file)).toEqual([]);
    for (const sheet of ['Zwei & drei', 2]) {
      const seen: unknown[] = [];
      const options = { sheet, headerRow: 4, onSniffed: (sniffed: unknown) => seen.push(sniffed) };
      expect(await readRows(xlsx, file, options)).toEqual([{ row: 5, values: { b: 1 } }]);
      expect(seen).toEqual([{ format: 'xlsx', sheet: 'Zwei & drei', columns: ['b'] }]);
    }
  });

  test('that is not there, or has no header, is refused', async () => {
    await expect(readRows(xlsx, file, { sheet: 'Drei' })).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      message: 'The workbook has no sheet "Drei"; it has "One", "Zwei & drei".',
    });
    await expect(readRows(xlsx, file, { sheet: 2, headerRow: 3 })).rejects.toThrow('Row 3 of the sheet');
    await expect(readRows(xlsx, xlsxOf({ sheets: { One: '' } }))).rejects.toThrow('no header row');
    const twice = header.replace('</row>', '<c r="B1" t="str"><v>a</v></c></row>');
    await expect(readRows(xlsx, xlsxOf({ sheets: { One: twice } }))).rejects.toThrow('columns 1 and 2 both "a"');
  });
});

describe('a workbook is refused', () => {
  test.each([
    ['with a DOCTYPE', xlsxOf({ sheets: { One: header }, prolog: '<!DOCTYPE x [<!ENTITY a "aaaa">]>' }), 'DOCTYPE'],
    ['that is another kind of zip', zipOf([{ name: 'a.txt', data: Buffer.from('a') }]), 'no Excel workbook'],
    [
      'with a text that is not there',
      xlsxOf({ sheets: { One: `${header}<row r="2"><c r="A2" t="s"><v>9</v></c></row>` } }),
      'A2 has a text',
    ],
    [
      'with a cell where none can be',
      xlsxOf({ sheets: { One: '<row><c r="ZZZ1"><v>1</v></c></row>' } }),
      'where none can be',
    ],
    ['with broken XML', xlsxOf({ sheets: { One: '<row><c></row>' } }), 'XML of the sheet is broken'],
  ])('%s', async (_name, bytes, message) => {
    await expect(readRows(xlsx, bytes)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('that is a bomb', async () => {
    const text = `<si><t>${'x'.repeat(1_000_000)}</t></si>`;
    const bytes = xlsxOf({ sheets: { One: header }, sharedTexts: Array<string>(80).fill(text) });
    const reason: unknown = await readRows(xlsx, bytes).catch((error: unknown) => error);
    expect(isLimitExceeded(reason)).toBe(true);
  });
});

test('what another library writes is read as a third one reads it', async () => {
  const at = new Date('2025-05-13T12:00:00Z');
  const bytes: Buffer = await writeExcelFile([
    ['part', 'stock', 'at', 'active'],
    ...Array.from({ length: 200 }, (_, index) => [
      `AB-${index} "é" <&>`,
      index / 4,
      { value: at, type: Date, format: 'yyyy-mm-dd hh:mm:ss' },
      index % 2 === 0,
    ]),
  ]).toBuffer();
  const ours = valuesOf(await readRows(xlsx, bytes));
  const [names = [], ...rows] = (await readExcelFile(bytes))[0]?.data ?? [];
  const theirs = rows.map((row) =>
    Object.fromEntries(
      row.map((cell, column) => [
        `${names[column]}`,
        cell instanceof Date ? cell.toISOString().replace('.000Z', '') : cell,
      ]),
    ),
  );
  expect(ours).toHaveLength(200);
  expect(ours).toEqual(theirs);
});
