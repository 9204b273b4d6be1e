import type { Read } from '../../connectors/connector.ts';
import type { Instant } from '../../model/instant.ts';
import type { JsonValue } from '../../model/json.ts';
import type { Counts, RowError, RunId, Segment } from '../../model/run.ts';

/**
 * How far one entity of a source was read in one mode, and the run that reads it. All of it is one row that changes under its ETag:
 * cursor, page, attempt and counts are saved together or not at all.
 */
export interface PollState {
  /** As the source gave it; undefined: the next read of changes is of everything. */
  readonly cursor: string | undefined;
  /** What decided how rows became records when the cursor was made: under another meaning it is void. */
  readonly meaning: string;
  /** What decided where the cursor stands, such as its column and table; likewise. */
  readonly origin: string;
  /** The source's fields as they were seen last. */
  readonly columns: readonly string[] | undefined;
  /** It had rows once: a complete read that finds none is suspicious. */
  readonly hasHadRows: boolean;
  /** Rows that were rejected last, by `rejectDigest`: what an overlap reads again is in quarantine already. */
  readonly rejects: readonly string[];
  /** The last number given to an attempt. It never goes back, also where all else is forgotten. */
  readonly attempts: number;
  readonly reading: Reading | undefined;
}

/** A read that is under way, or has ended last. */
export interface Reading {
  readonly runId: RunId;
  readonly read: Read;
  /** Where the next page begins; undefined before the first. */
  readonly place: JsonValue | undefined;
  /** Pages that are recorded: their numbers are below. */
  readonly pages: number;
  /** Somebody works on the next page, or died with it: its messages count only once it is recorded. */
  readonly isClaimed: boolean;
  readonly epoch: number;
  readonly captured: Instant;
  readonly counts: Counts;
  /** Messages that the queue has accepted; of a complete read, pages that are staged. */
  readonly segments: readonly Segment[];
  /** The first ones. */
  readonly errors: readonly RowError[];
  readonly notes: readonly string[];
  /** Rows of earlier runs of the same backfill. */
  readonly rowsBefore: number;
  /** How many rows the source says there are. */
  readonly total?: number;
  /** Everything was read. */
  readonly isDone: boolean;
  /** Its window closed: no page of it is read or recorded any more, also once the window is open again. */
  readonly isEnded?: boolean;
  /** The source said that nothing has changed. */
  readonly isUnchanged?: boolean;
  /** Why it can hardly be all that there is. */
  readonly suspicion?: string;
  /** As far as it is known, for the receipt. */
  readonly to?: string;
  /** When its run last said how far it is, in milliseconds since 1970. */
  readonly notedAt: number;
}

/** Nothing was read yet. */
export const emptyState: PollState = {
  cursor: undefined,
  meaning: '',
  origin: '',
  columns: undefined,
  hasHadRows: false,
  rejects: [],
  attempts: 0,
  reading: undefined,
};
