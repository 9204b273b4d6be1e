import type { ByteSink } from './bytes.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';
import type { SnapshotProgress } from './snapshot.ts';

const keyFlushBytes = 256 * 1024;

/**
 * Compares all rows of the file; the keys that it has are written. `take` is given each batch's number of rows and of
 * events, while the kernel has them.
 */
export async function scanRows(
  { kernel, input }: OpenedSnapshot,
  keys: ByteSink,
  take: (rows: number, events: number) => Promise<void>,
  progress: ((progress: SnapshotProgress) => void) | undefined,
): Promise<void> {
  let read = 0;
  for (;;) {
    kernel.mark();
    for (let rows = kernel.cut(input.isLast); rows > 0; rows = kernel.cut(input.isLast)) {
      kernel.fingerprint();
      await take(rows, kernel.compare());
      read += rows;
      if (kernel.keys().length >= keyFlushBytes) {
        await keys.write(kernel.keys());
        kernel.clearKeys();
      }
    }
    progress?.({ bytes: input.position, rows: read });
    if (input.isLast) {
      break;
    }
    kernel.compact();
    await input.fill();
  }
  await keys.write(kernel.keys());
  kernel.clearKeys();
}
