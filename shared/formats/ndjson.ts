import { defineFormat } from './format.ts';
import { NdjsonReader } from './ndjsonReader.ts';
import { decodeText } from './text.ts';

/**
 * One object a line (ndjson.org); lines end with LF or CRLF, blank ones are skipped. A line that can't be read, is too
 * deep or too long is a row with its error. Data cut off between two lines look complete: only who sent them can know.
 */
export const ndjson = defineFormat({
  name: 'ndjson',
  mediaTypes: ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'],
  extensions: ['ndjson', 'jsonl'],
  async *read(bytes, options = {}) {
    const lines = new NdjsonReader(options);
    for await (const text of decodeText(bytes)) {
      yield lines.push(text);
    }
    yield lines.end();
  },
});
