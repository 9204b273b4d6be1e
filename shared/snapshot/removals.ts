import { type ByteSource, readFully } from './bytes.ts';
import type { Hash64, Kernel } from './kernel/kernel.ts';
import { readKeyRecord } from './keyRecord.ts';

const readBytes = 256 * 1024;

/**
 * Reads the baseline's keys and gives those away that were not seen, a part at a time, with their records. How many.
 * Each key is proven by its hash: a damaged file gives too few, never a wrong one.
 */
export async function findRemovals(
  kernel: Kernel,
  source: ByteSource,
  keySeed: Hash64,
  keyColumns: number,
  give: (keys: string[][], records: Buffer) => Promise<void>,
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

function foundRecords(kernel: Kernel): Buffer[] {
  const space = kernel.removalSpace();
  return Array.from({ length: kernel.removalsFound() }, (_, removal) => {
    const start = kernel.removalStart(removal);
    return space.subarray(start, start + kernel.removalBytes(removal));
  });
}
