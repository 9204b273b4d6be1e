import type { Kernel } from './kernel/kernel.ts';
import type { SnapshotChange, SnapshotResult } from './snapshot.ts';

/** What was counted while rows were told apart; the kernel has counted the others. */
export interface CountedEvents {
  readonly read: number;
  readonly rejected: number;
  /** Rows that say the same in another way. */
  readonly sameContent: number;
  readonly changed: Readonly<Record<SnapshotChange<unknown>['kind'], number>>;
}

/** What became of a snapshot's rows. */
export function rowCountsOf(
  kernel: Kernel,
  { read, rejected, sameContent, changed }: CountedEvents,
): Pick<SnapshotResult, 'read' | 'rejected' | 'repeated' | 'unchanged' | 'inserted' | 'updated' | 'competing'> {
  return {
    read,
    rejected,
    repeated: kernel.repeatedRows(),
    unchanged: kernel.unchangedRows() + sameContent,
    inserted: changed.insert,
    updated: changed.update,
    competing: changed.competing,
  };
}
