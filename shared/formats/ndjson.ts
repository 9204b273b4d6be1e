import { defineFormat } from './format.ts';
import { NdjsonReader } from './ndjsonReader.ts';
import { decodeUtf8 } from './text.ts';

/**
 * One object a line (ndjson.org); lines end with LF or CRLF, blank ones are skipped. A line that can't be read, is too
 * deep or too long is a row with its error. Data cut off between two lines look complete: only who sent them can know.
 */
export const ndjson = defineFormat({
  name: 'ndjson',
  mediaTypes: ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'],
  extensions: ['ndjson', 'jsonl'],
  needs: 'stream',
  detect: () => false,
  async *read(bytes, options) {
    const lines = new NdjsonReader(options);
    const blocks = decodeUtf8(bytes, {
      encoding: options.encoding,
      onEncoding: (encoding) => options.onSniffed?.({ format: 'ndjson', encoding }),
    });
    for await (const block of blocks) {
      yield lines.push(block);
    }
    yield lines.end();
  },
});
