import { AdpError } from '../../shared/errors.ts';
import { type Batch, largestBody } from './batch.ts';

/**
 * JSON and XML as one batch: to split them would be to rewrite them.
 *
 * @throws AdpError DATA_ERROR over 32 MiB
 */
export async function* wholeFile(texts: AsyncIterable<string>, name: string): AsyncGenerator<Batch> {
  const parts: string[] = [];
  let bytes = 0;
  for await (const text of texts) {
    parts.push(text);
    bytes += Buffer.byteLength(text);
    if (bytes > largestBody) {
      throw new AdpError(
        'DATA_ERROR',
        `${name} is over 32 MiB, and goes in one request: make it NDJSON or CSV, which are split`,
      );
    }
  }
  yield { index: 0, body: parts.join(''), rows: undefined, lineOf: () => undefined };
}
