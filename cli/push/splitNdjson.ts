import { AdpError } from '../../shared/errors.ts';
import { type Batch, comfortableBody, largestBody } from './batch.ts';
import { BatchBuilder } from './batchBuilder.ts';

/** What the hub passes over too. */
const blank = /^[ \t\r]*$/;

/**
 * Lines of NDJSON in batches; blank lines are left out. Memory holds one batch and one line.
 *
 * @throws AdpError DATA_ERROR for a line that no request can hold
 */
export async function* splitNdjson(
  texts: AsyncIterable<string>,
  rowsPerBatch: number,
  bytesPerBatch: number = comfortableBody,
): AsyncGenerator<Batch> {
  const builder = new BatchBuilder('', rowsPerBatch, bytesPerBatch);
  let line = 0;
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > largestBody) throw new AdpError('DATA_ERROR', `line ${line + lines.length + 1} is over 32 MiB`);
    for (const row of lines) {
      line++;
      if (blank.test(row)) continue;
      const full = builder.add(`${row}\n`, line);
      if (full !== undefined) yield full;
    }
  }
  if (!blank.test(rest)) {
    const full = builder.add(`${rest}\n`, line + 1);
    if (full !== undefined) yield full;
  }
  const last = builder.finish();
  if (last !== undefined) yield last;
}
