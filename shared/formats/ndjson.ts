import { defineFormat } from './format.ts';
import { isJsonObject } from './jsonObject.ts';
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
  detect: beginsWithLine,
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

/** True where the first line is an object of its own, which is not JSON that holds its rows as `records`. */
function beginsWithLine(start: Uint8Array): boolean {
  const text = Buffer.from(start).toString('utf8');
  const lineEnd = text.indexOf('\n');
  try {
    const first: unknown = JSON.parse(lineEnd < 0 ? '' : text.slice(0, lineEnd));
    return isJsonObject(first) && !Array.isArray(first.records);
  } catch {
    return false;
  }
}
