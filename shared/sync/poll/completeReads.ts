import type { PulledRow } from '../../connectors/connector.ts';
import type { EntityName } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';
import type { RunId, Segment } from '../../model/run.ts';

/** A read of everything, as all of its pages know it. */
export interface CompleteRead {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly entity: EntityName;
  /** `keys`: rows have the key fields alone. */
  readonly mode: 'all' | 'keys';
  readonly runId: RunId;
  readonly epoch: number;
  /** When it began. */
  readonly captured: Instant;
  /** What decided which fields were read: rows of another meaning may lack some. */
  readonly meaning: string;
}

/** What there is to say once its last page is staged. */
export interface CompleteReadEnd {
  /** The pages that count, in order: of each attempt those with `seq` 0 to `messages` − 1. */
  readonly segments: readonly Segment[];
  readonly rows: number;
  readonly notes: readonly string[];
  /** Why it can hardly be all that there is: its deletes must be held. */
  readonly suspicion?: string;
}

/**
 * Reads of everything, which are compared as a whole: their pages are kept until the last one is there, then a diff takes
 * them over, which seals the run or ends it.
 */
export interface CompleteReads {
  /**
   * Keeps a page; durable once it resolves. Called again for the same place it is another look at the same page: what was
   * staged before does not count. Pages of an attempt that nothing was recorded of are staged for nothing.
   */
  stage(
    read: CompleteRead,
    at: { readonly attempt: number; readonly seq: number },
    rows: readonly PulledRow[],
  ): Promise<void>;
  /** Hands the read over. Twice is harmless. */
  finish(read: CompleteRead, end: CompleteReadEnd): Promise<void>;
  /** The read is not gone on with: what was staged of it may go. As well as it can; twice is harmless. */
  discard(read: CompleteRead): Promise<void>;
}
