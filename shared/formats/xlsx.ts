import { defineFormat } from './format.ts';

/**
 * A sheet of an Excel workbook (ECMA-376), streamed; the table of texts that its cells share is held and may have 64 Mi
 * characters. The header names the columns, and rows without any value are skipped. Of the values:
 * - numbers keep their digits; cells shown as dates or times are ISO 8601 without a zone
 * - formulas are what they gave when the workbook was saved; a formula without a result fails its row
 * - an empty cell is null, also within merged ones, of which only the first has a value
 * - an error such as #N/A is text
 */
export const xlsx = defineFormat({
  name: 'xlsx',
  mediaTypes: [],
  extensions: ['xlsx'],
  needs: 'random access',
  isBinary: true,
  detect: (start) => Buffer.from(start.subarray(0, 4)).toString('latin1') === 'PK\x03\x04',
  async *read(file, options) {
    const { readXlsx } = await import('./xlsxReader.ts');
    yield* readXlsx(file, options);
  },
});
