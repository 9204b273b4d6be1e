import type { FormatRow } from '../../formats/format.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { Instant } from '../../model/instant.ts';
import { checkRejects, type Guards, type Plan, PlanWriter, type StoreSide } from './plan.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';
import { unmapped, unreadable } from './snapshotFile.ts';

/** The keys of all that a source has, and what the store holds. */
export interface SweepInput {
  readonly rows: AsyncIterable<readonly FormatRow[]>;
  readonly mapper: Mapper;
  readonly epoch: number;
  readonly captured: Instant;
  readonly guards: Guards;
  readonly against: StoreSide;
  readonly notes: readonly string[];
  readonly onProgress: (progress: { readonly rows: number }) => void;
}

/**
 * Writes down the deletes that a key sweep finds: records of the source, held since before the sweep began, whose key it
 * lacks. Nothing else is changed by it, and rows whose key could be read count as unchanged. Otherwise as `planDiff`.
 *
 * @throws AdpError DATA_ERROR (park) where too many keys can't be read
 */
export async function planSweep(input: SweepInput, prefix: string, blobs: SnapshotBlobs): Promise<Plan> {
  const { mapper, guards, against, notes, onProgress } = input;
  const { held } = against;
  const writer = new PlanWriter(blobs, prefix, input);
  let read = 0;
  let rejected = 0;
  for await (const page of input.rows) {
    for (const row of page) {
      const id = 'values' in row ? mapper.remove(row.values).id : null;
      if (id === null) {
        writer.reject(rejectionOf(row, mapper));
        rejected++;
      } else {
        held.see(id);
      }
    }
    read += page.length;
    onProgress({ rows: read });
    await writer.drain();
  }
  checkRejects({ read, rejected }, guards, writer.errors);

  const reasons = new Set<string>();
  if (read === 0 && (held.unseen > 0 || guards.isEmptyAlwaysSuspect)) reasons.add('empty');
  if (guards.suspicion !== undefined) reasons.add(guards.suspicion);
  if (rejected > 0) reasons.add('unreadable_key');
  else if (held.unseen > guards.maxDeleteRatio * held.ours) reasons.add('too_many_deletes');
  await writer.deleteUnseen(against, reasons.size > 0);
  await writer.close();
  const counts = { read, rejected, repeated: 0, unchanged: read - rejected, upserts: 0 };
  const told = { competing: [], contested: undefined, voided: undefined, isDoubtful: false };
  return await writer.finish({ counts, ...told, notes, columns: undefined }, reasons);
}

function rejectionOf(row: FormatRow, mapper: Mapper) {
  if ('error' in row) return unreadable(row.row, row.error, row.raw);
  return unmapped(mapper.remove(row.values), row.row, row.values);
}
