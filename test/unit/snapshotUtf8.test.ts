import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeText } from '../../shared/formats/text.ts';
import { Utf8Check } from '../../shared/snapshot/utf8Check.ts';
import { inChunks } from '../helpers/formatRows.ts';

/** What the check says of bytes that come in pieces of that size, or undefined. */
function faultOf(bytes: Buffer, size: number): string | undefined {
  const check = new Utf8Check();
  try {
    for (let at = 0; at < bytes.length; at += size) {
      check.push(bytes.subarray(at, at + size), false);
    }
    check.push(Buffer.alloc(0), true);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readersFault(bytes: Buffer): Promise<string | undefined> {
  try {
    for await (const text of decodeText(inChunks(bytes))) {
      expect(typeof text).toBe('string');
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('bytes in pieces of any size are UTF-8, or not from the same byte on, as our readers say', async () => {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a', 'é', '漢', '🛠', 'plain text').map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes)) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 9 }), async (pieces, size) => {
      // A letter first: no byte order mark of UTF-16, which only the readers know.
      const bytes = Buffer.concat([Buffer.from('x'), ...pieces]);
      expect(faultOf(bytes, size)).toBe(await readersFault(bytes));
    }),
    { numRuns: 3_000 },
  );
});
