import { type ByteSink, type ByteSource, readFully } from './bytes.ts';
import type { Hash64, Kernel } from './kernel/kernel.ts';
import { readKeyRecord } from './keyRecord.ts';

const readBytes = 256 * 1024;

/**
 * Reads the baseline's keys and gives those away that were not seen, a part at a time, with their records. How many.
 * Each key is proven by its hash: a damaged file gives too few, never a wrong one. `others` takes the records of the other keys.
 */
export async function findRemovals(
  kernel: Kernel,
  source: ByteSource,
  keySeed: Hash64,
  keyColumns: number,
  give: (keys: string[][], records: Buffer) => Promise<void>,
  others?: ByteSink,
): Promise<number> {
  kernel.startRemovals(keySeed);
  let found = 0;
  let rest = 0;
  for (;;) {
    const bytes = await readFully(source, kernel.removalSpace().subarray(rest, rest + readBytes));
    if (bytes === 0) {
      return found;
    }
    rest += bytes;
    let used: number;
    do {
      used = kernel.findRemovals(rest);
      const records = foundRecords(kernel);
      if (others) await others.write(otherRecords(kernel.removalSpace(), records, used));
      if (records.length > 0) {
        found += records.length;
        await give(
          records.map((record) => readKeyRecord(record, keyColumns)),
          Buffer.concat(records),
        );
      }
      kernel.removalSpace().copyWithin(0, used, rest);
      rest -= used;
    } while (used > 0 && rest > 0);
  }
}

/**
 * Copies the keys of those that stay from the last baseline to the next, and gives those away that were not seen, as
 * `findRemovals` does. How many these are.
 */
export async function carryKeys(
  kernel: Kernel,
  source: ByteSource,
  keySeed: Hash64,
  sink: ByteSink,
  unseen: number,
  give: (keys: string[][], records: Buffer) => Promise<void>,
): Promise<number> {
  if (unseen > 0) return await findRemovals(kernel, source, keySeed, 1, give, sink);
  const space = kernel.removalSpace().subarray(0, readBytes);
  for (let bytes = await readFully(source, space); bytes > 0; bytes = await readFully(source, space)) {
    await sink.write(space.subarray(0, bytes));
  }
  return 0;
}

/** The records that are between those which were found. */
function otherRecords(space: Buffer, found: readonly Buffer[], used: number): Buffer {
  const others: Buffer[] = [];
  let at = 0;
  for (const record of found) {
    const start = record.byteOffset - space.byteOffset;
    others.push(space.subarray(at, start));
    at = start + record.length;
  }
  others.push(space.subarray(at, used));
  return Buffer.concat(others);
}

function foundRecords(kernel: Kernel): Buffer[] {
  const space = kernel.removalSpace();
  return Array.from({ length: kernel.removalsFound() }, (_, removal) => {
    const start = kernel.removalStart(removal);
    return space.subarray(start, start + kernel.removalBytes(removal));
  });
}
