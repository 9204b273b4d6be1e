import type { ByteSource } from './bytes.ts';
import { createKernel } from './kernel/createKernel.ts';
import type { Kernel } from './kernel/kernel.ts';
import { openSnapshot } from './openSnapshot.ts';
import { findRemovals } from './removals.ts';
import { rowCountsOf } from './rowCounts.ts';
import { RowEvents } from './rowEvents.ts';
import { scanRows } from './scanRows.ts';
import type { Baseline, NextBaseline, SnapshotHandler, SnapshotOptions, SnapshotResult } from './snapshot.ts';
import { suspicionsOf } from './suspicions.ts';
import { writeIndex } from './writeIndex.ts';

/**
 * Compares a full snapshot, CSV in UTF-8, with the last one and writes the next baseline. The order of rows says
 * nothing; columns that have moved, and values that are quoted in another way, are no change; values that are written
 * in another way, but map to the same content, are none either.
 *
 * **Memory.** 33 bytes for each row of the baseline, and a few MB: of each row the index holds the hash of its key, of
 * the row, and of its mapped content (wasm/table.as). The content hash takes 8 of these. Without it every row of a dump
 * that is only written in another way, or that has a column of no interest with the time of the dump, would go through
 * the queue to the writer each night to be found equal there. Rows pass by and are not kept.
 *
 * Nothing that is given to the handler may be taken for done before this returns; a diff that throws is repeated whole.
 *
 * @throws AdpError DATA_ERROR (`park`) for a file that can't be read as a whole: its header, or bytes that are not UTF-8
 * @throws AdpError MAPPING_ERROR (`park`) when a column of the key is missing
 * @throws AdpError CONFIG_ERROR (`park`) for a dialect that can't be one
 */
export async function diffSnapshot<T>(
  file: ByteSource,
  baseline: Baseline | undefined,
  next: NextBaseline,
  options: SnapshotOptions,
  handler: SnapshotHandler<T>,
  kernel: Kernel = createKernel(),
): Promise<SnapshotResult> {
  const opened = await openSnapshot(file, baseline?.index, options, kernel);
  const events = new RowEvents(kernel, opened.shape, opened.maxRowBytes, handler);
  const progress = handler.progress?.bind(handler);
  await scanRows(opened, next.keys, (rows, count) => events.take(rows, count), progress);
  await events.flush();

  const unseen = kernel.countBase() - kernel.seenInBase();
  const suspect = suspicionsOf(events, unseen, kernel.countBase(), options.maxDeleteRatio);
  const isHeld = suspect.length > 0 && unseen > 0;
  let removed = 0;
  if (baseline && unseen > 0) {
    const keyColumns = opened.header.key.length;
    removed = await findRemovals(kernel, baseline.keys, opened.keySeed, keyColumns, async (keys, records) => {
      await handler.removed(keys, isHeld);
      if (isHeld) {
        await next.keys.write(records);
      }
    });
  }

  const count = kernel.countFresh() + (isHeld ? kernel.countBase() : kernel.seenInBase());
  await writeIndex(kernel, next.index, { ...opened.header, count }, isHeld);
  const old = opened.baseline;
  return {
    ...rowCountsOf(kernel, events),
    removed,
    isHeld,
    suspect,
    baseline: old === undefined ? 'none' : 'void' in old ? old : 'used',
    lostRemovals: unseen - removed,
    key: opened.header.key,
    columns: opened.shape.names,
    previousColumns: old && 'header' in old ? old.header.columns : undefined,
  };
}
