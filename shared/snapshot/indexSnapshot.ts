import type { ByteSource } from './bytes.ts';
import { createKernel } from './kernel/createKernel.ts';
import type { Kernel } from './kernel/kernel.ts';
import { openSnapshot } from './openSnapshot.ts';
import { scanRows } from './scanRows.ts';
import type { NextBaseline, SnapshotOptions, SnapshotProgress } from './snapshot.ts';
import { writeIndex } from './writeIndex.ts';

export interface IndexedSnapshot {
  readonly read: number;
  readonly rejected: number;
  readonly columns: readonly string[];
}

/**
 * Makes a baseline of a file without giving its rows to anybody: what they map to is not known, and so a later row that
 * is written in another way is a change. For comparing two files by their values.
 *
 * @throws what `diffSnapshot` does
 */
export async function indexSnapshot(
  file: ByteSource,
  next: NextBaseline,
  options: SnapshotOptions,
  progress?: (progress: SnapshotProgress) => void,
  kernel: Kernel = createKernel(),
): Promise<IndexedSnapshot> {
  const opened = await openSnapshot(file, undefined, options, kernel);
  let read = 0;
  let rejected = 0;
  const take = async (rows: number, events: number) => {
    read += rows;
    for (let event = 0; event < events; event += 1) {
      rejected += kernel.eventKind(event) === 'broken' ? 1 : 0;
    }
  };
  await scanRows(opened, next.keys, take, progress);
  await writeIndex(kernel, next.index, { ...opened.header, count: kernel.countFresh() }, false);
  return { read, rejected, columns: opened.shape.names };
}
