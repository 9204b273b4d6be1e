import { CsvReader } from './csvReader.ts';
import type { Encoding } from './encoding.ts';
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
  needs: 'stream',
  detect: () => false,
  async *read(bytes, options) {
    let encoding: Encoding = 'utf-8';
    const reader = new CsvReader({
      ...options,
      onHeader: (header) => options.onSniffed?.({ format: 'csv', encoding, ...header }),
    });
    const texts = decodeText(bytes, {
      encoding: options.encoding,
      onEncoding: (taken) => {
        encoding = taken;
      },
    });
    for await (const text of texts) {
      yield reader.push(text);
    }
    yield reader.end();
  },
});
