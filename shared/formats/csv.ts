import { CsvReader } from './csvReader.ts';
import { defineFormat } from './format.ts';
import { decodeText } from './text.ts';

/**
 * Delimited text with a header row. Every value is a string, and an empty one stays `''`. Blank lines are skipped.
 *
 * A row with more or fewer fields than the header, with a NUL, or with a quoted field that is not closed properly is a
 * row with its error. A header with an empty or repeated name is an error of the whole body. Data cut off within the
 * last field, or between two rows, look complete: only who sent them can know.
 */
export const csv = defineFormat({
  name: 'csv',
  mediaTypes: ['text/csv', 'text/tab-separated-values'],
  extensions: ['csv', 'tsv', 'txt'],
  async *read(bytes, options = {}) {
    const reader = new CsvReader(options);
    for await (const text of decodeText(bytes)) {
      yield reader.push(text);
    }
    yield reader.end();
  },
});
