import type { EntityName } from '../../model/entities.ts';

/**
 * The body of a message of the queue `snapshot-diffs`: a polled source was read to its end, and what it has is to be
 * compared with what is held. Its run is open already; whoever takes the message seals it or ends it.
 */
export interface ReadDiff {
  readonly run_id: string;
  readonly dealer_id: string;
  readonly entity: EntityName;
  readonly source_id: string;
  readonly read: {
    /** `all`: whole rows; `keys`: the key fields alone. */
    readonly mode: 'all' | 'keys';
    /** In the container `staging`; see `toStagedLine`. */
    readonly blob: string;
    /** How many were read, those that the source marks as deleted included. */
    readonly rows: number;
    /** What decided which fields were read: rows that were read under another meaning may lack some. */
    readonly meaning: string;
    /** When its last page was read; RFC 3339. */
    readonly ended_at: string;
    /** What the run is to say besides. */
    readonly notes: readonly string[];
    /** Why it can hardly be all that there is: its deletes are held. */
    readonly suspicion?: string;
  };
  /** When the read began; an `Instant` that never goes back for this source and entity. */
  readonly captured: string;
}
