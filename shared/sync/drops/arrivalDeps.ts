import type { IngestDeps } from '../ingest.ts';
import type { RunDeps } from '../runWork.ts';
import type { StampSource } from '../stampSource.ts';
import type { DropSource } from './dropSource.ts';
import type { DropStore } from './dropStore.ts';
import type { LedgerStore } from './ledgerStore.ts';
import type { DropPlace } from './place.ts';
import type { SnapshotDiff } from './snapshotDiff.ts';

/** What taking a file needs of the world. */
export interface ArrivalDeps extends RunDeps, IngestDeps {
  readonly drops: DropStore;
  readonly ledger: LedgerStore;
  /**
   * Whose a file is.
   * @throws AdpError `DATA_ERROR`, `CONFIG_ERROR` or `CONFLICT` (park) where it can't be taken
   */
  readonly sourceOf: (place: DropPlace) => Promise<DropSource>;
  readonly stamps: StampSource;
  /** Hands a full snapshot over to the queue `snapshot-diffs`. */
  readonly handOver: (diff: SnapshotDiff) => Promise<void>;
  /** Takes an error that a later try may get over, or that nobody foresaw. */
  readonly onFailure: (path: string, error: unknown) => void;
}
